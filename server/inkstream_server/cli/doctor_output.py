"""Shows what a checkup found, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from inkstream_server.app.checkup import Finding, Level


def to_text(finding: Finding) -> str:
    line = f"{finding.level.value:4}  {finding.subject}: {finding.told}\n"
    return f"{line}      -> {finding.advice}\n" if finding.advice else line


def to_json(findings: Sequence[Finding]) -> str:
    tree = {
        "is_well": all(finding.level is not Level.FAIL for finding in findings),
        "findings": [
            {
                "level": finding.level.value,
                "subject": finding.subject,
                "told": finding.told,
                "advice": finding.advice,
            }
            for finding in findings
        ],
    }
    return f"{json.dumps(tree, ensure_ascii=False, indent=1)}\n"
