"""The daemon itself: health, its own description, metrics, status, shutdown."""

from waiaas.api.addresses import base_url
from waiaas.api.call import Call, Reply
from waiaas.api.models.admin import BackupItem, Done, FindingItem, Findings, HealthItem, StatusItem
from waiaas.api.models.wire import Nothing
from waiaas.api.openapi import with_server


def health(call: Call, asked: Nothing) -> HealthItem:
    """Whether it is up, and whether it would take a payment."""
    return HealthItem.model_validate(call.services.admin.health())


def describe(call: Call, asked: Nothing) -> Reply:
    """The OpenAPI document."""
    return Reply(body=with_server(call.site.document(), base_url(call)))


def metrics(call: Call, asked: Nothing) -> Reply:
    """Prometheus text, exposition format 0.0.4."""
    return Reply(body=call.services.metrics.render(), content_type="text/plain; version=0.0.4; charset=utf-8")


def status(call: Call, asked: Nothing) -> StatusItem:
    """What it says of itself."""
    return StatusItem(call.services.admin.status(call.actor))


def findings(call: Call, asked: Nothing) -> Findings:
    """Rows that were changed outside of the daemon."""
    return Findings(items=[FindingItem.of(one) for one in call.services.rows.found(call.actor)])


def accept_rows(call: Call, asked: Nothing) -> Findings:
    """Take them as they are."""
    return Findings(items=[FindingItem.of(one) for one in call.services.rows.accept(call.actor)])


def backup(call: Call, asked: Nothing) -> BackupItem:
    """Make an encrypted backup now."""
    return BackupItem.of(call.services.backups.create(call.actor))


def shutdown(call: Call, asked: Nothing) -> Done:
    """Finish what is under way, then stop."""
    call.services.admin.shutdown(call.actor)
    return Done(status="stopping")
