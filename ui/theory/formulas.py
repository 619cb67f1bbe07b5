"""The derivation as LaTeX whose terms the browser can find: each term and its value have a colour of their own.

Streamlit's KaTeX trusts no names within formulas; colours it keeps. theory_formula.js gives every term its quantity's
hue, and writes the image's number where the value stands.
"""

import re

from ui.words import phrase, say
from vae.page import palette
from vae.spec import Spec, formulas

INK = ""
# each quantity: its colour as text (ink where it is the truth or a bound), and what it is called
TERMS: dict[str, tuple[str, str]] = {
    "log_px": (INK, phrase("the log marginal likelihood, log p(x)")),
    "elbo": (INK, phrase("the ELBO")),
    "bound": (INK, phrase("the importance-weighted bound")),
    "kl": (palette.TEXT[palette.RATE], phrase("the gap, KL(q‖p(z|x))")),
    "distortion": (palette.TEXT[palette.DISTORTION], phrase("distortion, the cost of the reconstruction")),
    "rate": (palette.TEXT[palette.RATE], phrase("rate, the cost of the code")),
    "prior": (palette.TEXT[palette.PRIOR], phrase("the prior p(z)")),
    "likelihood": (palette.TEXT[palette.DECODER], phrase("the likelihood p(x|z)")),
    "q": (palette.TEXT[palette.ENCODER], phrase("the approximate posterior q(z|x) of the encoder")),
    "posterior": (INK, phrase("the true posterior p(z|x)")),
    "entropy": (INK, phrase("the entropy H of the images")),
    "information": (palette.TEXT[palette.ENCODER], phrase("mutual information, I(x; z)")),
    "naive": (palette.TEXT[palette.PRIOR], phrase("prior samples")),
    "importance": (palette.TEXT[palette.ENCODER], phrase("samples of q")),
    "penalty": (palette.TEXT[palette.RATE], phrase("penalty term")),
    "noise": (palette.TEXT[palette.PRIOR], phrase("the noise ε")),
    "score": (palette.CAPTION, phrase("score function")),
    "path": (palette.TEXT[palette.ENCODER], phrase("through z = g(φ, ε, x)")),
    "theta": (palette.TEXT[palette.DECODER], phrase("the decoder's gradient")),
}
NUMBER = {name: k + 1 for k, name in enumerate(TERMS)}


def term(name: str, tex: str) -> str:
    """Return LaTeX that the browser finds as a term."""
    return rf"\textcolor{{#0000{NUMBER[name]:02x}}}{{{tex}}}"


def value(name: str) -> str:
    """Return the place where the browser writes a term's number."""
    return rf"\textcolor{{#0001{NUMBER[name]:02x}}}{{\text{{0000.00}}}}"


STEPS = re.compile(r"\\text\{in ([\d,]+) steps\}")  # the words of an objective's schedule
MARK = re.compile(r"«([!=]?)(\w+) ?([^«»]*)»")


def marked(text: str) -> str:
    """Return LaTeX of «name tex» (a term), «!name tex» (a term above its number) and «=name» (a number)."""

    def latex(found: re.Match[str]) -> str:
        sign, name, tex = found.groups()
        if sign == "=":
            return value(name)
        return term(name, tex) if not sign else rf"\underbrace{{{term(name, tex)}}}_{{{value(name)}}}"

    return MARK.sub(latex, text)


FORMULAS = {
    "barber": r"«information I(x; z)» = «entropy H(x)» + \mathbb{E}_q[\log q_\phi(x|z)] \;\ge\; «entropy H(x)» + "
    r"\mathbb{E}_q[«likelihood \log p_\theta(x|z)»]",
    "bound": r"«entropy H(x)» - «!distortion \mathbb{E}_q[-\log p_\theta(x|z)]» \;\le\; «information I(x; z)» \;\le\; "
    r"«!rate \mathbb{E}\,\mathrm{KL}(q_\phi(z|x)\,\|\,p(z))»",
    "undercomplete": r"\max_{\theta,\phi}\ \log p_\theta(x \,|\, z=g_\phi(x)) = -«!distortion D»",
    "denoising": r"\max_{\theta,\phi}\ \mathbb{E}_{«noise \tilde{x} \sim c(\tilde{x}|x)»}"
    r"\,\log p_\theta(x \,|\, g_\phi(«noise \tilde{x}»)) = -«!distortion \tilde{D}»",
    "contractive": r"\max_{\theta,\phi}\ -D - \lambda\,«!penalty \|\partial g_\phi(x)/\partial x\|_F^2»",
    "sparse": r"\max_{\theta,\phi}\ -D - \lambda\,«!penalty \|g_\phi(x)\|_1»",
    "marginal": r"«!log_px \log p(x)» = \log \int «likelihood p_\theta(x|z)»\,«prior p(z)»\,dz",
    "naive": r"\log \hat p(x) = \log \frac{1}{S} \sum_{s=1}^{S} p_\theta(x\,|\,«naive z_s») = «=naive»,\quad "
    r"«naive z_s \sim p(z)»",
    "importance": r"\log \hat p(x) = \log \frac{1}{S} \sum_{s=1}^{S} \frac{p_\theta(x|z_s)\,p(z_s)}{q_\phi(z_s|x)} = "
    r"«=importance»,\quad «importance z_s \sim q_\phi(z|x)»",
    "jensen": r"«!log_px \log \mathbb{E}_q[w]» \;\ge\; «!bound \mathbb{E}\log \tfrac1K\textstyle\sum_k w_k» \;\ge\; "
    r"«!elbo \mathbb{E}_q[\log w]»,\quad w = \frac{p_\theta(x,z)}{q_\phi(z|x)}",
    "identity": r"«!elbo \mathcal{L}(q)» + «!kl \mathrm{KL}(q_\phi(z|x)\,\|\,p(z|x))» = «!log_px \log p(x)»",
    "elbo": r"«!elbo \mathcal{L}(q)» = -«!distortion \mathbb{E}_q[-\log p_\theta(x|z)]» - "
    r"«!rate \mathrm{KL}(q_\phi(z|x)\,\|\,p(z))»",
    "theta": r"«theta \nabla_\theta»\,\mathbb{E}_q[\log p_\theta(x,z)] \approx \textstyle\frac{1}{K}\sum_k "
    r"«theta \nabla_\theta \log p_\theta(x, z_k)»",
    "phi": r"\nabla_\phi\,\mathbb{E}_q[\log w] = \mathbb{E}_q[«score \log w\,\nabla_\phi \log q_\phi(z|x)»] = "
    r"\mathbb{E}_{«noise \varepsilon»}[«path \nabla_\phi \log w(g(\phi, \varepsilon, x))»]",
    "outside": r"«q z» = «q \mu_\phi(x)» + «q \sigma_\phi(x)» \odot «noise \varepsilon»,\quad "
    r"«noise \varepsilon \sim \mathcal{N}(0, I)»",
    "sigma": r"\mathcal{L} = -\frac{1}{2\sigma^2}«!distortion \mathbb{E}_q\|x - f_\theta(z)\|^2» - "
    r"\tfrac{n}{2}\log 2\pi\sigma^2 - «!rate \mathrm{KL}(q\,\|\,p)»,\quad \beta = 2\sigma^2",
    "rotation": r"z' = Rz:\quad p'_\theta(x|z') = p_\theta(x|R^{-1}z'),\quad "
    r"q' = \mathcal{N}(R\mu, R\Sigma R^\top),\quad «!elbo \mathcal{L}'» = \mathcal{L}",
}


def all_of(spec: Spec) -> dict[str, str]:
    """Return every formula of the page by name, the model's own among them."""
    objective = STEPS.sub(
        lambda found: rf"\text{{{say('in {count} steps', count=found[1])}}}", formulas.objective(spec)
    )
    own = {"model": formulas.model(spec), "objective": objective}
    return {name: marked(text) for name, text in FORMULAS.items()} | own
