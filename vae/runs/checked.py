"""Check what a run's JSON files hold, so that a page can show it: a wrong type is a ValueError that names the place."""

import math
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str], Any]


def _wrong(value: Any, where: str, expected: str) -> ValueError:
    shown = repr(value) if isinstance(value, (str, int, float, bool, type(None))) else f"a {type(value).__name__}"
    return ValueError(f"{where} is {shown[:40]}, and {expected} is expected")


def number(value: Any, where: str) -> float | int | None:
    """Return a number, or None; raises ValueError for anything else, and for whole numbers too large for a float."""
    try:
        if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and float(value) == value):
            return value
        if isinstance(value, float):
            return value  # not a number
    except OverflowError:
        pass
    raise _wrong(value, where, "a number")


def whole(value: Any, where: str) -> int | None:
    """Return a whole number of at most 15 digits, or None; raises ValueError for anything else."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15):
        return value
    raise _wrong(value, where, "a whole number")


def text(value: Any, where: str) -> str | None:
    """Return a text, or None; raises ValueError for anything else."""
    if value is None or isinstance(value, str):
        return value
    raise _wrong(value, where, "a text")


def mapping(value: Any, where: str) -> dict[str, Any]:
    """Return a JSON object; raises ValueError for anything else."""
    if isinstance(value, dict):
        return value
    raise _wrong(value, where, "an object")


def _fields(found: Mapping[str, Any], checks: Mapping[str, Check], where: str) -> None:
    for name, check in checks.items():
        if name in found:
            check(found[name], f"{where}{name}")


VALUE: dict[str, Check] = {
    "value": number, "se": number, "n": whole, "k": whole, "ess": number,
    "units": text, "name": text, "symbol": text, "note": text,
}  # fmt: skip
ENTRIES = ("distortion", "rate", "elbo", "log_px")


def metrics(content: Any) -> dict[str, Any]:
    """Return the content of metrics.json; raises ValueError."""
    found = mapping(content, "it")
    _fields(found, {"data": text, "split": text, "command": text, "hardware": text, "train_seconds": number}, "")
    for name, entry in found.items():
        if name in ENTRIES or isinstance(entry, dict):
            _fields(mapping(entry, name), VALUE, f"{name}.")
    return found


def rows(content: Any) -> list[dict[str, Any]]:
    """Return the rows of evaluation.json, each with all its entries; raises ValueError."""
    found = mapping(content, "it").get("rows")
    if not isinstance(found, list):
        raise _wrong(found, "rows", "a list")
    return [_row(row, i + 1) for i, row in enumerate(found)]


def _row(content: Any, number: int) -> dict[str, Any]:
    found = {"symbol": "", "se": None, "n": 0, "units": "nats", "note": ""} | mapping(content, f"row {number}")
    _fields(found, VALUE, f"row {number}, ")
    for name in ("name", "value", "symbol", "n", "units", "note"):
        if found.get(name) is None:
            raise ValueError(f"row {number} has no {name}")
    return found


def record(content: Any) -> dict[str, Any]:
    """Return a line of history.jsonl; raises ValueError."""
    found = mapping(content, "it")
    if whole(found.get("step"), "step") is None:
        raise ValueError("it has no step")
    for name, value in found.items():
        if name == "valid" and value is not None:
            for key, held_out in mapping(value, name).items():
                number(held_out, f"valid.{key}")
        elif name != "step":
            number(value, name)
    return found


def meta(content: Any) -> dict[str, Any]:
    """Return the content of meta.json without the entries that cannot be used: nothing else depends on them."""
    if not isinstance(content, dict):
        return {}
    checks: dict[str, Check] = {"title": text, "note": text, "owner": text, "command": text, "created": number}
    return {name: value for name, value in content.items() if _usable(name, value, checks)}


GROUP = {"name": str, "values": dict, "seed": int}


def _usable(name: str, value: Any, checks: Mapping[str, Check]) -> bool:
    if name == "parent":
        return isinstance(value, dict) and isinstance(value.get("run"), str) and isinstance(value.get("step"), int)
    if name == "group":
        return isinstance(value, dict) and all(isinstance(value.get(key), kind) for key, kind in GROUP.items())
    try:
        found = checks[name](value, name) if name in checks else value
    except ValueError:
        return False
    return found is not None and not (isinstance(found, float) and not math.isfinite(found))
