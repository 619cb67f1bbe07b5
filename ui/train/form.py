"""The form of the Train page: from controls to a spec that can be trained, or to sentences that say why it cannot."""

import re
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.shared import messages
from ui.state import mode, session, visitor
from ui.train import fitting, spec_fields
from ui.train.spec_fields import CONSTANT, CURVES, LABELS, NONE, Problem, Values
from ui.train.widgets import Fields, base, fill, followed, key, read, write
from ui.words import phrase, say, say_n
from vae import data
from vae.data import DataError
from vae.data.recommended import misfit, recommended
from vae.jobs import embedded
from vae.page import palette
from vae.runs import machine, pace
from vae.runs.resume import FIXED
from vae.spec import PRESETS, Spec, SpecError, cost, schedules
from vae.spec import choices as options
from vae.spec.choices import CHOICES, NUMBERS, OBJECTIVES
from vae.spec.fields import Sizes
from vae.spec.presets import groups, title

FIRST = ("vae", data.DEFAULT)
LOCKED_REASON = phrase(
    "A branch continues with the weights and the batches of its run, so data, model and batch size are fixed. "
    "To change these, start a new run from these settings."
)
DATA_WIDTH = 152  # pixels: its names are shorter than the presets'
GROUPS = {
    "data": ("data", "preset", "latent", "epochs"),
    "model": ("encoder", "decoder", "likelihood", "binarisation", "posterior", "prior", "condition"),
    "objective": ("objective", "samples", "path", "terms", "corruption"),
    "optimisation": ("learning_rate", "batch", "size", "weight_decay", "clip", "keep", "seed"),
}
TITLES = {"model": phrase("Model"), "objective": phrase("Objective"), "optimisation": phrase("Optimisation")}
ENTRIES = {  # how a sentence names them
    "latent": phrase("latent"),
    "epochs": phrase("epochs"),
    "encoder": phrase("encoder"),
    "decoder": phrase("decoder"),
    "likelihood": phrase("likelihood"),
    "binarisation": phrase("binarisation"),
    "posterior": phrase("posterior"),
    "prior": phrase("prior"),
    "condition": phrase("condition"),
    "objective": phrase("objective"),
    "samples": phrase("samples"),
    "path": phrase("path"),
    "terms": phrase("terms"),
    "corruption": phrase("corruption"),
    "learning_rate": phrase("learning rate"),
    "batch": phrase("batch"),
    "size": phrase("size"),
    "weight_decay": phrase("weight decay"),
    "clip": phrase("clip"),
    "keep": phrase("keep"),
    "seed": phrase("seed"),
}


@dataclass(frozen=True)
class Form:
    """The result of the controls: a spec that can be trained, or `problems`, each a sentence.

    `seconds` of training here, `steps` and `weights` count it, `examples` are in an epoch; `changes` are those that
    `manage.branch` is asked for.
    """

    spec: Spec | None
    problems: list[str] = field(default_factory=list)
    seconds: float | None = None
    examples: int = 0
    steps: int = 0
    weights: int = 0
    changes: dict[str, Any] = field(default_factory=dict)


def seed(spec: Spec) -> None:
    """Fill the controls from a spec, such as an earlier run's; in a callback or before the form is drawn.

    Raises SpecError or DataError, and then changes nothing, where the controls cannot hold it.
    """
    data.describe(spec.data)
    fill(spec)


def spec_form(*, disabled: bool = False, branch: Spec | None = None, estimate_in: DeltaGenerator | None = None) -> Form:
    """Draw the controls and return the form; `branch` is a spec whose weights lock some of the choices.

    How long it will take stands in `estimate_in`, or below the controls.
    """
    if not session.FORM_SPEC.known():
        fill(recommended(*FIRST))
    values = read()
    spec, found = spec_fields.judge(values, base())
    if unfit := misfit(values["preset"], values["data"]):
        found = [("preset", unfit), *found]
    steps = spec_fields.total_steps(values["data"], values["size"], values["batch"], values["epochs"])
    offered = _offered(values, found, branch)
    fields = Fields(values, disabled, frozenset() if branch is None else FIXED | {"preset"}, steps)
    with st.container(key="spec_form", gap="small"):
        if branch is not None:
            st.caption(say(LOCKED_REASON))
        _first_row(fields)
        _shown([problem for problem in found if problem[0] != "data"], "data")  # the row above offers the download
        with st.container(gap="xsmall"):
            for name, draw in (("model", _model), ("objective", _objective), ("optimisation", _optimisation)):
                if name in offered:
                    with st.expander(_summary(name, values), key=key(f"group_{name}")):
                        draw(fields, spec)
                _shown(found, name)
            if mode.expert():
                with st.expander(say("Formula and JSON"), key=key("group_json")):
                    _formula(spec)
                    _json(spec, fields)
        _shown(found, "")
        with estimate_in or st.container():
            return _estimate(spec, [text for _, text in found], branch)


def _offered(values: Values, found: list[Problem], branch: Spec | None) -> set[str]:
    """Return the groups that are shown: all to experts and for a branch, else those that are not as recommended.

    What came from a link or an earlier run, and what is wrong, is not hidden from anybody.
    """
    if mode.expert() or branch is not None:
        return set(GROUPS)
    special = {*fitting.changed(values), *(where for where, _ in found)}
    return {name for name, entries in GROUPS.items() if special.intersection(entries)}


def _shown(found: list[Problem], group: str) -> None:
    """Show the problems of one group under it; problems of no group come last."""
    mine = GROUPS.get(group)
    known = {entry for entries in GROUPS.values() for entry in entries}
    for entry, text in found:
        if (entry in mine) if mine else entry not in known:
            messages.failure(text)


def _first_row(fields: Fields) -> None:
    values = fields.values
    with st.container(horizontal=True, wrap=False, gap="xsmall"):
        known = {name: data.describe(name).title for name in data.names(visitor.me())}
        titles = {name: say(title) if name in data.NAMES else title for name, title in known.items()}
        missing = {name for name in titles if not data.available(name)}
        sizes = {name: f" · {data.describe(name).megabytes:.0f} MB" for name in missing}
        offered = {name: title + sizes.get(name, "") for name, title in titles.items()}
        description = data.describe(values["data"])
        help = f"{say(description.sentence)} {say('Sets with a size in MB are downloaded first.')}"
        fields.select("data", say("Data"), offered, help, _other, width=DATA_WIDTH)
        presets = {name: f"{say(group)} · {say(title(name))}" for group, names in groups().items() for name in names}
        sentence = say(PRESETS[values["preset"]].sentence)
        fields.select("preset", say("Preset"), presets, sentence, _other)
    st.caption(sentence)
    if values["data"] in missing and not fields.off("data"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f":material/cloud_off: {say('Not on this machine yet.')}", width="content")
            messages.download(values["data"])
    fields.scalar("latent", NUMBERS["latent"])
    fields.scalar("epochs", NUMBERS["epochs"])
    changed = [] if fields.locked else fitting.changed(values)
    if changed:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            names = ", ".join(say(ENTRIES.get(name, name)) for name in changed)
            st.caption(say("Changed by hand: {names}", names=names), width="stretch")
            st.button(
                say("Reset"),
                key=key("reset"),
                type="tertiary",
                disabled=fields.disabled,
                on_click=_reset,
                icon=":material/undo:",
            )


def _other(_: str) -> None:
    """Switch to another dataset or preset and its recommended values, keeping those that were changed by hand."""
    values, before = read(), base()
    new = (values["preset"], values["data"])
    spec = recommended(*new)
    fill(spec, fitting.carry(values, (before.preset, before.data), new))


def _reset() -> None:
    values = read()
    fill(recommended(values["preset"], values["data"]))


def _summary(group: str, values: Values) -> str:
    """Return a group's name with a summary of its choices, so that it can stay closed."""
    if group == "model":
        kind = values["encoder"]
        layers = [name for name, option in options.NETWORKS[kind].options.items() if isinstance(option, Sizes)]
        sizes = "-".join(str(values[f"encoder_{name}"]).replace(", ", "-") for name in layers)
        net = f"{kind} {sizes}" if sizes else kind
        said = f"{net}, {say(options.LIKELIHOODS[values['likelihood']].title)}"
    elif group == "objective":
        said = say(OBJECTIVES[values["objective"]].title)
        if values["corruption"] != NONE:
            corruption = options.CORRUPTIONS[values["corruption"]].title
            spoken = say(corruption)  # within a line English writes it small; other languages may not
            said += f", {spoken.lower() if spoken == corruption else spoken}"
    else:
        shape = values["learning_rate_shape"]
        rate = values["learning_rate"] if shape == CONSTANT else say(CURVES.get(shape) or shape)
        said = say("rate {rate}, batch {batch}", rate=rate, batch=values["batch"])
    return f"{say(TITLES[group])} :small[:gray[{messages.plain(said)}]]"


def _model(fields: Fields, _: Spec | None) -> None:
    values, offered = fields.values, fitting.offered(fields.values)
    fields.role("encoder", offered["encoder"])
    st.toggle(
        say("Decoder mirrors the encoder"),
        key=key("mirrored"),
        help=say("The decoder has the encoder's layers in reverse order. Switch it off to choose another network."),
        disabled=fields.off("decoder"),
        on_change=_followed_mirror,
        persist_state="session",
    )
    fields.role("decoder", offered["decoder"])
    fields.role("likelihood", offered["likelihood"])
    if offered["binarisation"]:
        fields.choice("binarisation", CHOICES["binarisation"], offered["binarisation"])
    fields.role("posterior", offered["posterior"])
    fields.role("prior", offered["prior"])
    if offered["condition"]:
        _labels(fields)
    if not options.POSTERIORS[values["posterior"]].density:
        st.caption(say("An autoencoder has no prior, because its points have no density."))


def _labels(fields: Fields) -> None:
    values = fields.values
    names = {NONE: say("Nothing"), LABELS: say("The label")}
    help = say(
        "Extra input of encoder and decoder. If it is the label, the latents encode only what the label does not say."
    )
    fields.words("condition", say("Condition on"), names, help, followed)
    if values["condition"] == LABELS and values["prior"] in options.PRIORS and options.PRIORS[values["prior"]].by_label:
        st.toggle(
            say("A prior for each label"),
            key=key("condition_prior"),
            help=say("Each label has its own Normal, with a mean and a σ."),
            disabled=fields.off("condition"),
            persist_state="session",
        )


def _followed_mirror() -> None:
    write(fitting.follow(read(), "mirrored"))


def _objective(fields: Fields, spec: Spec | None) -> None:
    values, offered = fields.values, fitting.offered(fields.values)
    kind = fields.role("objective", offered["objective"])
    for name, option in (kind.options if kind else {}).items():
        number = spec.objective.get(name) if spec else None
        if isinstance(number, dict):
            fields.drawn(f"objective_{name}", say(option.title), number, palette.RATE)
    if options.POSTERIORS[values["posterior"]].density:
        fields.scalar("samples", NUMBERS["samples"])
    paths = {name: say(options.PATHS[name].title) for name in offered["path"]}
    if paths:
        chosen = options.PATHS.get(values["path"])
        fields.select("path", say("Gradient path"), paths, say(chosen.sentence) if chosen else "")
    fields.terms(offered["terms"])
    fields.role("corruption", offered["corruption"])


def _optimisation(fields: Fields, spec: Spec | None) -> None:
    fields.scalar("learning_rate", NUMBERS["learning_rate"])
    if spec and isinstance(spec.learning_rate, dict):
        fields.drawn("learning_rate", say("learning rate"), spec.learning_rate, palette.PRIOR)
    fields.scalar("batch", NUMBERS["batch"])
    most = data.describe(fields.values["data"]).sizes[0]
    fields.pair(("size", NUMBERS["size"], "", say("{count:,}, all", count=most)), ("seed", NUMBERS["seed"], "", ""))
    fields.pair(("clip", NUMBERS["clip"], "", say("off")), ("weight_decay", NUMBERS["weight_decay"], "", ""))
    fields.choice("keep", CHOICES["keep"], CHOICES["keep"].choices)


def _formula(spec: Spec | None) -> None:
    if spec is None:
        st.caption(say("Correct the settings above to see the formula and the JSON."))
        return
    st.latex(r"\small\begin{gathered}" + r"\\".join(formula_lines(spec)) + r"\end{gathered}")


def formula_lines(spec: Spec) -> list[str]:
    """Return a spec's model and objective as lines of LaTeX, short enough for a column."""
    model = spec.formula().split(r",\quad ")
    objective, *rest = spec.objective_formula().split(r",\quad ")
    first, *terms = _summands(objective)
    notes = [line for line in rest if not line.startswith(("p(", "q(", "z ="))]  # the model's own lines stand above
    return [*model, rf"\max_{{\phi,\,\theta}}\ {first}", *terms, *notes]


def _summands(text: str) -> list[str]:
    """Return a sum's summands with their signs; brackets are not split."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"\\left|\\right|[([{]|[)\]}]| - ", text):
        token = found.group()
        if token == " - ":
            if depth == 0:
                parts.append(text[start : found.start()])
                start = found.start() + 1
        else:
            depth += 1 if token in ("\\left", "(", "[", "{") else -1
    return [*parts, text[start:]]


def _json(spec: Spec | None, fields: Fields) -> None:
    if spec is not None:
        st.code(spec.to_json(), language=None, height=180)
    st.text_area(
        say("Load a spec from JSON"),
        key=key("json"),
        height=90,
        placeholder='{"preset": "vae", "data": "digits", …}',
        help=say("Fills every control from the text; missing entries take their defaults."),
        disabled=fields.disabled or bool(fields.locked),
        persist_state="session",
    )
    st.button(say("Load"), key=key("load"), disabled=fields.disabled or bool(fields.locked), on_click=_load)
    if wrong := session.FORM_JSON_PROBLEM.get():
        messages.failure(say("{problem} Nothing was changed.", problem=say(wrong)))


def _load() -> None:
    session.FORM_JSON_PROBLEM.set("")
    try:
        seed(spec_fields.read_json(session.widget(key("json")).get() or ""))
    except (SpecError, DataError) as error:
        session.FORM_JSON_PROBLEM.set(str(error))


def duration(seconds: float) -> str:
    """Return a duration in words."""
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{max(1, round(seconds / unit))} {name}"
    return say("{days:.0f} days", days=seconds / 86400)


BUSY = 1.5  # from how many times the idle machine's time on the estimate says why


def _estimate(spec: Spec | None, problems: list[str], branch: Spec | None) -> Form:
    """Show how long the training will take, and return the form."""
    if spec is None:
        return Form(None, problems)
    n, threads = spec_fields.examples(spec), embedded.threads()
    slower = machine.slowdown(threads)
    seconds, weights = slower * pace.seconds(spec, n, threads), cost.parameters(spec)
    steps = spec_fields.total_steps(spec.data, spec.size, spec.batch, spec.epochs)
    facts = say("{steps:,} steps · {weights:,} weights", steps=steps, weights=weights)
    if slower >= BUSY:
        facts += " · " + say("the machine is busy, so it takes {slower:.0f} times as long", slower=slower)
    st.markdown(
        f"**{say('About {duration} here', duration=duration(seconds))}** :gray[:small[· {facts}]]",
        help=say_n(
            "The {steps:,} steps of {epochs:,} epochs over {count:,} examples, on {n} thread of this machine.",
            "The {steps:,} steps of {epochs:,} epochs over {count:,} examples, on {n} threads of this machine.",
            threads, steps=steps, epochs=spec.epochs, count=n,
        )
        + " "
        + say(
            "Estimated from the network size and from earlier runs. Validation, saving and queueing are not included."
        ),
    )  # fmt: skip
    for text in schedules.unfinished(vars(spec), steps):
        messages.warning(text)
    changes = {} if branch is None else spec_fields.branch_changes(spec, branch)
    return Form(None if problems else spec, problems, seconds, n, steps, weights, changes)
