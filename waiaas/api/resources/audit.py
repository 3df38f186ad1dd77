"""The audit trail."""

from waiaas.api.call import Call
from waiaas.api.models.audit import AuditAsked, AuditItem, AuditReportItem, ExportAsked, ExportItem
from waiaas.api.models.wire import Nothing, PageOf


def list_(call: Call, asked: AuditAsked) -> PageOf[AuditItem]:
    """Rows, newest first."""
    page = call.services.audit.list(
        call.actor,
        event_type=asked.event_type,
        agent_id=asked.agent_id,
        tx_id=asked.tx_id,
        severity=asked.severity,
        since=asked.since,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    return PageOf(items=[AuditItem.of(row) for row in page.items], cursor=page.cursor, has_more=page.has_more)


def verify(call: Call, asked: Nothing) -> AuditReportItem:
    """Check the whole chain."""
    return AuditReportItem.of(call.services.audit.verify(call.actor))


def export(call: Call, asked: ExportAsked) -> ExportItem:
    """A stretch of the chain as it was hashed, with its checkpoints."""
    return ExportItem.of(call.services.audit.export(call.actor, after=asked.after, limit=asked.limit))
