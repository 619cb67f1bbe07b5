"""Diagnosis of a model's faults: evidence, measured once per model, and verdicts, which are pure functions of it.

evidence: the types of the measurements; quick: evidence from the run folder without torch; measure: the other evidence,
with torch; kept: the cache of evidence; limits: the thresholds with their reasons; causes, faults, fit: the verdicts,
each a sentence, a severity and remedies; examples: the shipped faulty models.

Only `measure` needs torch, so the app can import the others.
"""
