"""The judge: reads what is stored, in its order, and says what is worth an alert.

detector.py   what a detector is, and whom and what an event is about
rules.py      Sigma rules and correlations
baselines.py  subjects hour by hour
models.py     what models are asked and answer
silence.py    inputs that went quiet
judge.py      the loop: signals, what detectors remember and how far was read, in one transaction
"""
