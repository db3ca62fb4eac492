"""Which ``MEDSEARCH_…`` variables there are; any other in the environment is most likely one of them, misspelt."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields

import click

from search_app.settings import CANARIES, ENGINE, ENVIRONMENT_PREFIX, PLACED, SYNONYMS, Settings

OF_CLUSTER = ("ENGINE_USER", "ENGINE_PASSWORD", "ENGINE_PASSWORD_FILE", "ENGINE_CA")  # docs/scale.md
OF_TESTS = ("CHROMIUM", "CLUSTER_TESTS", "CONTRACT_SHARE", "REQUIRE_BROWSER")  # what our own tests and scripts read
_NEAR = 0.5  # of difflib: "URL" is 0.55 from "SITE_URL"


def warnings(command: click.Group, environment: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each variable that nothing reads; ``command`` is the program itself, whose options have some."""
    given = {name for name in environment if name.startswith(ENVIRONMENT_PREFIX)}
    if not given:
        return
    known = {*_of_settings(), *_of_options(command, ENVIRONMENT_PREFIX)}
    unknown = sorted(given - known - {ENVIRONMENT_PREFIX + name for name in OF_TESTS})
    if not unknown:
        return
    from difflib import get_close_matches

    words = [name.removeprefix(ENVIRONMENT_PREFIX) for name in sorted(known)]
    for name in unknown:
        near = get_close_matches(name.removeprefix(ENVIRONMENT_PREFIX).upper(), words, 1, _NEAR)
        hint = f"did you mean {ENVIRONMENT_PREFIX}{near[0]}?" if near else "see docs/operations.md."
        yield f"Warning: nothing reads {name} in the environment; {hint}"


def given_by(parameter: click.Parameter, context: click.Context) -> str:
    """The variable that gave an option its value; empty where none did."""
    if context.get_parameter_source(parameter.name or "") is not click.core.ParameterSource.ENVIRONMENT:
        return ""
    names = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar
    for name in names or ():
        if os.environ.get(name):
            return name
    return f"{context.auto_envvar_prefix}_{(parameter.name or '').upper()}"


def _of_settings() -> set[str]:
    named = {ENVIRONMENT_PREFIX + field.name.upper() for field in fields(Settings)}
    return named | {ENGINE, SYNONYMS, PLACED, CANARIES} | {ENVIRONMENT_PREFIX + name for name in OF_CLUSTER}


def _of_options(command: click.Command, prefix: str) -> Iterator[str]:
    """Names of the variables of all options below a command, as click makes them and as they give them themselves."""
    for parameter in command.params:
        yield from [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or ()
        if isinstance(parameter, click.Option):
            yield prefix + (parameter.name or "").upper()
    for name, inner in getattr(command, "commands", {}).items():
        yield from _of_options(inner, f"{prefix}{name.upper().replace('-', '_')}_")
