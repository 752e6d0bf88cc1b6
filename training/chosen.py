"""A recipe with its settings, as people choose them and versions keep them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from training.errors import TrainingError
from training.models.interface import Params, Recipe
from training.models.recipes import CHAMPIONS_RECIPE, recipe_named, with_settings

RECIPE, PROFILE, SETTINGS = "recipe", "profile", "settings"
"""Tags of a version."""


@dataclass(frozen=True)
class Chosen:
    """A recipe, its profile, and the settings in place of the profile's own.

    Attributes
    ----------
    params
        All settings.
    """

    recipe: Recipe
    profile: str
    params: Params
    changed: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, recipe: Recipe, profile: str, changed: object, source: str) -> Self:
        """Choose; `source` is what a refusal calls the changed settings.

        Raises
        ------
        TrainingError
            They are no JSON object, or name a setting that the model does not have.
        """
        params = with_settings(recipe.profiles[profile], changed, source)
        return cls(recipe, profile, params, changed if isinstance(changed, dict) else {})

    @classmethod
    def of_tags(cls, tags: Mapping[str, str]) -> Self:
        """Choose what a version was fitted with, as its tags tell; else the default champion's.

        Raises
        ------
        TrainingError
            There is no such recipe, profile or setting any more.
        """
        recipe = recipe_named(tags.get(RECIPE, CHAMPIONS_RECIPE))
        profile = tags.get(PROFILE, "default")
        if profile not in recipe.profiles:
            message = f"{recipe.name} has no profile {profile}: {', '.join(recipe.profiles)}"
            raise TrainingError(message)
        return cls.of(recipe, profile, json.loads(tags.get(SETTINGS, "{}")), "the champion's tag")

    @property
    def tags(self) -> dict[str, str]:
        """Return what a version keeps of it."""
        changed = {SETTINGS: json.dumps(self.changed)} if self.changed else {}
        return {RECIPE: self.recipe.name, PROFILE: self.profile, **changed}
