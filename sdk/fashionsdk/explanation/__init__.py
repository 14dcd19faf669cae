"""Why an answer: where the model looked in its photo, what it saw there, and what each attribute adds to the score."""

from fashionsdk.explanation._explain import Explanation, Photos, explain
from fashionsdk.explanation._look import Look, look

__all__ = ["Explanation", "Look", "Photos", "explain", "look"]
