"""Texts of alerts as Prometheus fills them in, and as the runbook shows them: `$unit`, `$duration`, … stand in them.

Units are told by name and code, values of closed sets in words, and the figure that an alert is about as a duration,
a share or a number: who is paged at night shouldn't have to look up a code.
"""

import re
from collections.abc import Mapping
from typing import Literal

from deploy.sources.dashboards.systems import KINDS
from deploy.sources.dashboards.words import FAMILIES, LEVELS, RULES, Words

Language = Literal["vi", "en"]

FIGURES = {
    "duration": "{{ $value | humanizeDuration }}",
    "share": "{{ $value | humanizePercentage }}",
    "value": '{{ $value | printf "%.4g" }}',
}
"""What stands for the figure of an alert, by how it is to be read."""

_WORDS: Mapping[str, Mapping[str, Words]] = {
    "asset_kind": {str(kind): words for kind, words in KINDS.items()},
    "family": {family: said.words for family, said in FAMILIES.items()},
    "level": {level: said.words for level, said in LEVELS.items()},
    "rule": RULES,
}
"""Labels whose values are said in words."""

_PROVINCE = Words("toàn tỉnh", "the whole province")
_TOKEN = re.compile(r"\$([a-z_]+)")


def tokens(text: str) -> set[str]:
    """Return the names of what is filled in.

    Examples
    --------
    >>> sorted(tokens("$unit waits for $duration"))
    ['duration', 'unit']
    """
    return set(_TOKEN.findall(text))


def template(text: str, language: Language) -> str:
    """Return a text as a template of Prometheus.

    Examples
    --------
    >>> template("Late: $topic, $duration", "en")
    'Late: {{ $labels.topic }}, {{ $value | humanizeDuration }}'
    """
    return _TOKEN.sub(lambda found: _filled(found[1], language), text)


def shown(text: str) -> str:
    """Return a text for the runbook.

    Examples
    --------
    >>> shown("Kinds: $asset_kind")
    'Kinds: ‹asset_kind›'
    """
    return _TOKEN.sub(r"‹\1›", text)


def _filled(name: str, language: Language) -> str:
    if name in FIGURES:
        return FIGURES[name]
    if name == "unit":
        return _unit(_PROVINCE.vi if language == "vi" else _PROVINCE.en)
    if name in _WORDS:
        return _chosen(
            name, {value: words.vi if language == "vi" else words.en for value, words in _WORDS[name].items()}
        )
    return f"{{{{ $labels.{name} }}}}"


def _unit(everywhere: str) -> str:
    """Return a unit's name and code, the code alone where no worker tells its name; or that it's everywhere."""
    named = '{{ with printf "ioc_unit_info{unit=\'%s\'}" . | query }}{{ . | first | label "name" }} '
    coded = "({{ $labels.unit }}){{ else }}{{ $labels.unit }}{{ end }}"
    return f"{{{{ with $labels.unit }}}}{named}{coded}{{{{ else }}}}{everywhere}{{{{ end }}}}"


def _chosen(name: str, words: Mapping[str, str]) -> str:
    cases = [f'if eq $labels.{name} "{value}" }}}}{said}{{{{ else ' for value, said in words.items()]
    return f"{{{{ {''.join(cases).removesuffix(' ')} }}}}{{{{ $labels.{name} }}}}{{{{ end }}}}"
