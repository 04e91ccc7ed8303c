"""From an arrived file to stored, versioned records (导入): mapped, validated, sorted out, written, quarantined."""

from dashboard.intake.report import BatchReport
from dashboard.intake.taking import import_file, take_in

__all__ = ["BatchReport", "import_file", "take_in"]
