"""``waiaas plugins list``: what is installed and what became of it, without a daemon and without importing it here."""

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from waiaas.registry.asking import Fault
from waiaas.registry.child import AT_ONCE, LIMIT_SECONDS, Examined, examine
from waiaas.registry.claims import Claims
from waiaas.registry.lock import Lock
from waiaas.registry.records import PluginInfo, PluginStatus, Registers
from waiaas.registry.survey import Candidate, survey


def describe(
    lock: Lock | None,
    allow: Collection[str] = (),
    disable: Collection[str] = (),
    *,
    limit: float = LIMIT_SECONDS,
) -> tuple[PluginInfo, ...]:
    """Every plugin, by name. What may load is asked in a child process of its own; nothing is imported here.

    :param lock: None where there is no data directory: then everything installed counts as trusted
    :param limit: seconds for each plugin; a few are asked at once
    """
    candidates, infos = survey(lock, allow, disable)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = list(pool.map(lambda one: examine(one.plugin, limit=limit), candidates))
    claims = Claims()
    infos += [_info(candidate, answer, claims) for candidate, answer in zip(candidates, answers, strict=True)]
    return tuple(sorted(infos, key=lambda info: (info.name, info.distribution)))


def to_wire(infos: Iterable[PluginInfo]) -> dict[str, list[dict[str, Any]]]:
    """``{"plugins": [...]}``, as ``waiaas plugins list --json`` and ``GET /v1/plugins`` show it."""
    return {"plugins": [info.to_wire() for info in infos]}


def _info(candidate: Candidate, answer: Examined, claims: Claims) -> PluginInfo:
    error = answer.error
    if error is None:
        error = _clash(candidate.plugin.name, answer.registers or Registers(), claims)
    status = PluginStatus.LOADED if error is None else PluginStatus.FAILED
    info = replace(candidate.info(status, error), api_version=answer.api_version)
    return replace(info, registers=answer.registers) if error is None else info


def _clash(name: str, registers: Registers, claims: Claims) -> str | None:
    try:
        claims.add(name, registers)
    except Fault as fault:
        return fault.message
    return None
