"""The judge: reads what is stored, in its order, and says what is worth an alert.

detector.py   what a detector is, and whom and what an event is about
rules.py      Sigma rules and correlations; rulebook.py: which there are, and what has changed of them
baselines.py  subjects hour by hour; history.py: weeks that the store has counted; words.py: what is said of an hour
models.py     what models are asked and answer
silence.py    inputs that went quiet
health.py     what the watch itself loses or refuses
countries.py  of addresses
memory.py     what detectors remember, beside the alerts
judge.py      the loop: signals, what is remembered and how far was read, in one transaction
clock.py      what time it is
starting.py   a judge out of the settings of a watch
"""
