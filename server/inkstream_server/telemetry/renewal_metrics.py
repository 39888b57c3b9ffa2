"""What is told of the files that are read again while the server runs, by name and unit."""

from __future__ import annotations

from inkstream_server.telemetry.metric_maker import MetricMaker


class RenewalMetrics:
    """Files of tokens and certificates."""

    def __init__(self, make: MetricMaker) -> None:
        self.ended = make.counter(
            "renewals",
            "Times that changed files were read again, by what they hold and by reason (OK where "
            "they were taken; else what was there before is still used).",
            *("what", "reason"),
        )
        self.certificate_expires = make.gauge(
            "tls_certificate_expiry_timestamp_seconds",
            "When the server's certificate expires, in Unix time; 0 without TLS.",
        )
