"""Maps of more than two latents: seconds and trustworthiness of PCA, t-SNE (openTSNE, scikit-learn) and UMAP.

    python benchmarks/embeddings.py [--model sprites-beta-vae-10d] [--rounds 3] [--threads 1] [--slow]

The codes are the model's test codes. Each method is run once first, since UMAP and openTSNE compile at first use; that
first run is a column of its own: it is what a person waits for. --slow adds scikit-learn's t-SNE. Trustworthiness is
T(12) over 1,000 points against all. The default on the page is the fastest of those within 0.01 of the best.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vae import runs
from vae.evaluation.trust import trustworthiness
from vae.geometry import embedding


def pca(codes: np.ndarray, seed: int, threads: int, say: embedding.Progress) -> embedding.Layout:
    """The first two principal components."""
    from sklearn.decomposition import PCA

    return embedding.Layout(PCA(2).fit_transform(codes).astype(np.float32))


def sklearn_tsne(codes: np.ndarray, seed: int, threads: int, say: embedding.Progress) -> embedding.Layout:
    """scikit-learn's Barnes-Hut t-SNE with the same perplexity and as many iterations."""
    from sklearn.manifold import TSNE

    tsne = TSNE(
        perplexity=embedding.PERPLEXITY,
        init="pca",
        random_state=seed,
        n_jobs=threads,
        max_iter=embedding.EARLY + embedding.LATE,
    )
    return embedding.Layout(tsne.fit_transform(codes))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sprites-beta-vae-10d")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--slow", action="store_true")
    options = parser.parse_args()
    codes = np.ascontiguousarray(runs.find(options.model).codes.means, np.float32)
    methods = {"PCA": pca, "t-SNE (openTSNE)": embedding.METHODS["tsne"], "UMAP": embedding.METHODS["umap"]}
    if options.slow:
        methods["t-SNE (scikit-learn)"] = sklearn_tsne
    print(f"{options.model}: {codes.shape[0]:,} codes of {codes.shape[1]} latents, {options.threads} thread(s)\n")
    print("| method | first run, s | later runs, s, median | trustworthiness T(12) |\n|---|---|---|---|")
    found = {}
    for name, method in methods.items():
        taken = []
        for _ in range(options.rounds + 1):
            began = time.perf_counter()
            places = method(codes, 0, options.threads, lambda *_: None).places
            taken.append(time.perf_counter() - began)
        trust = trustworthiness(codes, places)
        found[name] = (statistics.median(taken[1:]), trust.value)
        print(f"| {name} | {taken[0]:.1f} | {found[name][0]:.1f} | {trust.value:.3f} ± {trust.se:.3f} |", flush=True)
    best = max(trust for _, trust in found.values())
    print(f"\nFastest within 0.01 of the best: {min((s, n) for n, (s, t) in found.items() if t > best - 0.01)[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
