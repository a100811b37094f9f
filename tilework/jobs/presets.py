"""Which pipeline a drop goes through: its own metadata, else the preset of its folder, else the default."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tilework.errors import PipelineError, PresetsError
from tilework.imaging.pipeline import framed, parse
from tilework.jobs.object_keys import PRESETS, preset_name
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tilework.imaging.pipeline import Pipeline

MOST_NAMED = 20
"""Presets that an error lists."""

UNKNOWN_ADVICE = (
    "Drop it under one of the folders that `tilework presets` lists, name its pipeline in its metadata, or add the "
    f"preset to {PRESETS} in the input bucket."
)


@dataclass(frozen=True, slots=True)
class Preset:
    """A pipeline's text under a name, ``shipped`` with Tilework or the bucket's own.

    ``fault`` is the sentence that says why nothing can go through it; empty as a rule.
    """

    name: str
    text: str
    shipped: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Meant:
    """The preset ``name``, which a pipeline names as if it were an operation; ``text`` has its operations in that place."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Presets:
    """Presets by their names. ``fault`` is the sentence that says why more of them could not be read."""

    by_name: Mapping[str, Preset] = field(default_factory=dict)
    fault: str = ""

    @classmethod
    def shipped(cls, texts: Mapping[str, str]) -> Presets:
        """The presets of ``texts`` (name to pipeline) as those that come with Tilework."""
        return cls({name: Preset(name, text, shipped=True) for name, text in texts.items()})

    @property
    def faults(self) -> list[str]:
        """All that is wrong, in sentences."""
        ours = [preset.fault for preset in self.by_name.values()]
        return [fault for fault in (self.fault, *ours) if fault]

    def over(self, lower: Presets) -> Presets:
        """These, and those of ``lower`` whose names are not among them."""
        return Presets({**lower.by_name, **self.by_name}, self.fault or lower.fault)

    def pipeline(self, name: str) -> Pipeline:
        """The pipeline of a preset. Raises PresetsError where it cannot be read, PipelineError where there is none."""
        preset = self.by_name.get(name)
        if preset is None and self.fault:
            raise PresetsError(f"The folder names the preset {name!r}, which is not known. {self.fault}")
        if preset is None:
            raise PipelineError(
                f"The folder names the preset {name!r}, which does not exist{self._hint(name)}",
                advice=UNKNOWN_ADVICE,
            )
        if preset.fault:
            raise PresetsError(preset.fault)
        return parse(preset.text)

    def meant(self, text: str, position: int | None) -> Meant | None:
        """The preset that stands alone between the bars around the fault of a pipeline's text, if one does."""
        begin = text.rfind("|", 0, position or 0) + 1
        end = text.find("|", begin)
        step = text[begin:] if end < 0 else text[begin:end]
        named = step.strip()
        preset = self.by_name.get(named.removesuffix("()"))
        if position is None or preset is None or preset.fault:
            return None
        return Meant(preset.name, text[:begin] + step.replace(named, preset.text) + text[begin + len(step) :])

    def _hint(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.by_name, n=1)
        if near:
            return f"; did you mean {near[0]!r}?"
        known = sorted(self.by_name)
        more = ", …" if len(known) > MOST_NAMED else "."
        return f"; there are: {', '.join(map(shown, known[:MOST_NAMED]))}{more}" if known else "."


def choose(key: str, metadata: Mapping[str, str], presets: Callable[[], Presets], default: str) -> Pipeline:
    """The pipeline for a drop, with the page and output that its metadata ask for.

    ``presets`` are asked for only where its folder names one. Raises PipelineError where it names none that can be
    understood, PresetsError where its preset cannot be.
    """
    chosen = _chosen(key, metadata.get("pipeline"), presets, default)
    return framed(chosen, page=metadata.get("page"), output=metadata.get("output"))


def _chosen(key: str, text: str | None, presets: Callable[[], Presets], default: str) -> Pipeline:
    if text is not None:
        return parse(text)
    name = preset_name(key)
    return parse(default) if name is None else presets().pipeline(name)
