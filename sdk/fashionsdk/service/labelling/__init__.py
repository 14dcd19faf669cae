"""Labels that people check on the page: what is asked, what they decided, and the file of corrections that it is in."""

from fashionsdk.service.labelling._decisions import ChangedSince, Decisions
from fashionsdk.service.labelling._questions import Kind, LabelQuestion, LabelQuestions, LabelSettings
from fashionsdk.service.labelling._sheet import LabelSheet

__all__ = ["ChangedSince", "Decisions", "Kind", "LabelQuestion", "LabelQuestions", "LabelSettings", "LabelSheet"]
