"""Makes docs/detectors.md and its pictures from the registry, docstrings and generated series: `make docs`."""

import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter, Template
from typing import Any, NamedTuple

from detectors.registry import EVERY
from streams.banks.watching import Watching
from tests.pages.block_scenes import SCENES as BLOCKS
from tests.pages.drawing import draw
from tests.pages.parameters import parameters_of
from tests.pages.value_scenes import SCENES as VALUES
from tests.pages.watched import Watched, watched

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "detectors.md"
PICTURES = ROOT / "docs" / "pictures" / "detectors"
WORDS = Path(__file__).with_suffix(".toml")
TEMPLATE = Path(__file__).with_suffix(".md")
SCENES = {**VALUES, **BLOCKS}
USUAL_THRESHOLD = 1e-6
_HOUR_MS = 3_600_000

_ASKED = {
    "finds": "Phát hiện gì · Finds",
    "looks": "Nhìn vào gì · Looks at",
    "silent": "Im lặng khi nào · Says nothing",
    "number": "Con số nghĩa là · Its number means",
}
_SIZES = {"area_scan": " (6 đơn vị · units)", "outage": " (64 chỗ · places)"}
_NO_PAPER = "không theo bài báo nào; lý do ở docs/decisions · no paper; reasons in docs/decisions"
_SHARED = frozenset({"detectors.arrays", "detectors.bank", "detectors.blocks"})
_SECTIONS = re.compile(r"\n(Parameters|Returns|Raises|References|Examples|Notes)\n-{4,}\n")


class _DecimalCommas(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        written: str = super().format_field(value, format_spec)
        return written.replace(".", ",")


_DECIMAL_COMMAS = _DecimalCommas()


class Told(NamedTuple):
    """What is said of one detector in Vietnamese and English, by question."""

    title: tuple[str, str]
    answers: dict[str, tuple[str, str]]


def words() -> dict[str, Told]:
    """Return the words of each detector; raise ValueError naming what the registry has and the words lack."""
    found = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    lacking = sorted(set(EVERY) ^ set(found))
    if lacking:
        raise ValueError(f"{WORDS.name} and the registry differ in {', '.join(lacking)}")
    return {name: _told(each, EVERY[name]().parameters) for name, each in found.items()}


def _told(each: dict[str, list[str]], parameters: Any) -> Told:
    """Fill default parameters into the words, in Vietnamese with decimal commas."""
    said = {
        asked: (_DECIMAL_COMMAS.format(vi, p=parameters), en.format(p=parameters)) for asked, (vi, en) in each.items()
    }
    return Told(said.pop("title"), {asked: said[asked] for asked in _ASKED})


def page() -> str:
    """Return the text of docs/detectors.md."""
    told, lines = words(), watched(Watching())
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        contents=_contents(told, lines),
        seen="\n".join(map(_seen, lines)),
        policies="\n".join(_policies(Watching())),
        chapters="\n\n".join(_chapter(name, told[name], lines) for name in sorted(EVERY)),
    )


def thresholds(name: str, lines: list[Watched]) -> list[float]:
    """Return the thresholds that a detector is used with by default; the usual one where nothing watches with it."""
    if name == "silence":
        return [EVERY[name]().parameters.p]
    policies = {line.policy for line in lines if line.detector == name and line.policy}
    return sorted(Watching().policies[policy].open_below for policy in policies) or [USUAL_THRESHOLD]


def pictures() -> None:
    """Draw every detector's scene, and remove pictures that no detector has."""
    told, lines = words(), watched(Watching())
    for name in sorted(EVERY):
        draw(SCENES[name](), " · ".join(told[name].title), thresholds(name, lines)[0], PICTURES / f"{name}.png")
    for picture in PICTURES.glob("*"):
        if picture.stem not in EVERY:
            picture.unlink()


def bytes_of(name: str) -> int:
    """Return how much state one series of a detector has, in bytes, at its default parameters."""
    bank: Any = EVERY[name]()
    bank.resize(1)
    return sum(array.nbytes for array in bank.state().values())


def sources(owner: type[Any]) -> list[str]:
    """Return links to the papers that a detector's docstrings name, also those of the modules it builds on."""
    modules = [inspect.getmodule(owner)]
    for module in modules:
        others = (inspect.getmodule(each) for each in vars(module).values())
        modules += [
            other
            for other in others
            if other not in modules and other and other.__name__.partition(".")[0] == "detectors"
            if other.__name__ not in _SHARED | {"detectors.registry"}
        ]
    bases = [base for base in owner.__mro__ if base.__module__ not in _SHARED]
    text = "\n".join(inspect.getdoc(documented) or "" for documented in [*bases, *modules])
    dois = re.findall(r"doi:(10\.\S+?)[.,;:)]*(?:\s|$)", text)
    arxiv = re.findall(r"arXiv:(\d+\.\d+)", text)
    links = [f"[doi:{doi}](https://doi.org/{doi})" for doi in dois]
    links += [f"[arXiv:{number}](https://arxiv.org/abs/{number})" for number in arxiv]
    return list(dict.fromkeys(links))


def explanation(owner: type[Any]) -> str:
    """Return the prose of a class's docstring, without its sections."""
    return _SECTIONS.split(inspect.getdoc(owner) or "")[0].strip()


def _chapter(name: str, told: Told, lines: list[Watched]) -> str:
    bank = EVERY[name]()
    owner = type(bank)
    size = f"{bytes_of(name):,} byte mỗi chuỗi · per series{_SIZES.get(name, '')}"
    rows = [(asked, "<br>".join(told.answers[key])) for key, asked in _ASKED.items()]
    rows += [
        ("Ngưỡng mặc định · Default threshold", ", ".join(f"{p:g}" for p in thresholds(name, lines))),
        ("Bộ nhớ · Cost", size),
        ("Nguồn · Source", "<br>".join(sources(owner)) or _NO_PAPER),
        ("Mã · Code", f"[{_file(owner)}](../{_file(owner)}), `{owner.__name__}`, version {bank.version}"),
    ]
    given = list(parameters_of(bank.parameters))
    return "\n".join(
        [
            f"## `{name}`: {' · '.join(told.title)}",
            "",
            f"![{told.title[1]}](pictures/detectors/{name}.png)",
            "",
            "| | |",
            "|---|---|",
            *[f"| **{asked}** | {answer} |" for asked, answer in rows],
            "",
            explanation(owner),
            "",
            "| tham số · parameter | mặc định · default | đơn vị · unit | nghĩa · meaning |",
            "|---|---|---|---|",
            *[f"| `{one.name}` | {one.default} | {one.unit} | {one.meaning} |" for one in given],
        ]
    )


def _contents(told: dict[str, Told], lines: list[Watched]) -> str:
    used = {line.detector for line in lines}
    rows = [
        f"| [`{name}`](#{_anchor(name, told[name])}) | {told[name].title[0]} | {told[name].title[1]} | "
        f"{'✓' if name in used else ''} |"
        for name in sorted(EVERY)
    ]
    return "\n".join(["| | | | worker |", "|---|---|---|---|", *rows])


def _anchor(name: str, told: Told) -> str:
    """Return the anchor that GitHub gives a chapter."""
    heading = f"{name}: {' · '.join(told.title)}".lower()
    return re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")


def _seen(line: Watched) -> str:
    policy = f"`{line.policy}`" if line.policy else "riêng · its own"
    detector = f"`{line.detector}`" + (f", {line.window_ms / _HOUR_MS:g} h" if line.window_ms else "")
    return f"| `{line.topic}` | `{line.group}` | `{line.family}` | {detector} | {line.kind} | {policy} |"


def _policies(watching: Watching) -> Iterator[str]:
    for name, policy in watching.policies.items():
        hours = f"{policy.quiet_ms / _HOUR_MS:.2g} | {policy.refresh_ms / _HOUR_MS:.2g}"
        alone = f"{policy.alone_below:g} | {policy.alone_after or '–'}"
        yield f"| `{name}` | {policy.open_below:g} | {policy.hold_below:g} | {hours} | {alone} |"


def _file(owner: type[Any]) -> str:
    return f"{owner.__module__.replace('.', '/')}.py"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    pictures()
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} and {len(EVERY)} pictures in {PICTURES.relative_to(ROOT)}\n")
