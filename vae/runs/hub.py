"""Runs on the Hugging Face Hub: one repository a run, in the Hub's own client. Needs huggingface_hub.

Nothing that is read from there is code: only the files of a run are asked for, by name, and they are checked before the
run appears.
"""

import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vae.runs import files
from vae.runs.folders import NAME, user_runs
from vae.runs.run import Run, RunError

PREFIX = "hf:"
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
# a run as the Hub has it: what needs no unpickling, and says nothing of the machine it was trained on
FILES = ("spec.json", "model.safetensors", "codes.npz", "metrics.json", "evaluation.json", "history.jsonl", "card.md")
NEEDED = ("spec.json", "model.safetensors")
OUT = re.compile(rb" --out[ =](?:'[^']*'|[^\s\"`]+)")
LARGEST = 4 * 2**30  # bytes of all files
HEAD = "---\nlibrary_name: latent-space-explorer\ntags:\n- autoencoder\n- vae\n- latent-space-explorer\n---\n\n"


def repository(address: str) -> str:
    """Return the repository of an address such as "hf:user/name"; raises RunError for any other."""
    name = address.removeprefix(PREFIX)
    if not address.startswith(PREFIX) or not REPOSITORY.fullmatch(name) or ".." in name:
        raise RunError(f"{address[:80]!r} is no address of a model: write {PREFIX}NAME or {PREFIX}USER/NAME.")
    return name


def push(run: Run, address: str, *, private: bool = False) -> str:
    """Write a run to a repository, which is made if there is none, and return its page's address; raises RunError.

    It has the run's files without checkpoint and machine, and the model card as README.md.
    """
    name = repository(address)
    run.weights()  # says what is wrong with damaged ones
    there = [file for file in FILES if (run.path / file).is_file() and not (run.path / file).is_symlink()]
    with _client() as (api, hub):
        made = api.create_repo(name, private=private, exist_ok=True)
        contents = {file: _public(file, (run.path / file).read_bytes()) for file in there}
        contents["README.md"] = HEAD.encode() + contents.get("card.md", b"")
        parts = [hub.CommitOperationAdd(file, content) for file, content in contents.items()]
        api.create_commit(made.repo_id, parts, commit_message=f"Add the model {run.name}")
    return str(made)


def _public(file: str, content: bytes) -> bytes:
    """Return a file's content without the folder that its command line names."""
    return OUT.sub(b"", content) if file in ("card.md", "metrics.json") else content


def pull(address: str, name: str = "", *, revision: str | None = None) -> Run:
    """Return a repository's run, now among the user's runs as `name` (default: the repository's).

    Raises RunError for a repository that cannot be read or is no run, and for a name that is taken.
    """
    repo = repository(address)
    name = name or re.sub(r"[^a-z0-9._-]", "-", repo.split("/")[-1].lower())
    if not NAME.fullmatch(name):
        raise RunError(f"{name!r} is no run name: give one with --name, of lower-case letters, digits and dashes.")
    target = user_runs() / name
    if target.exists():
        raise RunError(f"There is a run {name} already. Choose another name with --name.")
    user_runs().mkdir(parents=True, exist_ok=True)
    place = user_runs() / f".pulling-{uuid.uuid4().hex}"
    try:
        with _client() as (api, _):
            about = api.model_info(repo, revision=revision, files_metadata=True)
            sizes = {file.rfilename: file.size or 0 for file in about.siblings or ()}
            if missing := [file for file in NEEDED if file not in sizes]:
                raise RunError(
                    f"{address} is no run of this program: it has no {' and no '.join(missing)}. Models of other "
                    "libraries are opened from their files."
                )
            wanted = [file for file in FILES if file in sizes]
            if sum(sizes[file] for file in wanted) > LARGEST:
                raise RunError(f"{address} holds more than {LARGEST // 2**30} GB. It is not downloaded.")
            for file in wanted:
                api.hf_hub_download(repo, file, revision=about.sha, local_dir=place)
        shutil.rmtree(place / ".cache", ignore_errors=True)  # the client's notes
        _check(place, address)
        files.write_json(place / "meta.json", {"title": name, "owner": "local", "note": f"Pulled from {address}."})
        place.rename(target)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Run(target)


def _check(folder: Path, address: str) -> None:
    """Raise RunError, which names the address, for files that are no run."""
    run = Run(folder)
    try:
        run.decoder()
        run.metrics  # noqa: B018 -- reading is the check
        if (folder / "codes.npz").is_file():
            run.codes  # noqa: B018
    except RunError as error:
        raise RunError(f"{address} cannot be used. {str(error).replace(run.name, address)}") from error


@contextmanager
def _client() -> Iterator[tuple[Any, Any]]:
    """Yield the Hub's client; its errors become RunError."""
    try:
        import huggingface_hub as hub
        from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
    except ImportError as error:
        raise RunError(
            f"Models on the Hub need huggingface_hub ({error}). Run `pip install 'latent-space-explorer[hub]'`."
        ) from error
    try:
        yield hub.HfApi(library_name="latent-space-explorer"), hub
    except RepositoryNotFoundError as error:
        raise RunError(
            "The Hub knows no such repository, or you may not see it. Check the name, and log in with `hf auth login`."
        ) from error
    except HfHubHTTPError as error:
        raise RunError(f"The Hub refused: {_first_line(error)} Log in with `hf auth login` if it asks so.") from error
    except RunError:
        raise
    except Exception as error:  # what carries its requests has classes of its own, which change
        raise RunError(f"The Hub could not be asked: {_first_line(error)} Check the network and try again.") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".") + "."
