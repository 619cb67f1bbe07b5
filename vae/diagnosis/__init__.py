"""Why a model is ill: evidence measured once per model, and verdicts that are pure functions of it.

evidence: what is measured, as plain numbers; quick: what the run folder says without torch; measure: the rest, with
torch; kept: where evidence is kept, and when it is stale; limits: the named thresholds with their reasons; verdicts: a
sentence, a severity and remedies for each card; examples: the ill models that come with the project.

All but `measure` are without torch, so that the app imports them.
"""
