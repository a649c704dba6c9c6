"""What models are asked and what they answer: drift, inputs that are out of the ordinary, and clients that copy a model.

inference.py   the body of a request and of its answer to rows (Open Inference Protocol)
reference.py   what is ordinary for a model
learn.py       the reference, from rows that the model has not been trained on
sketch.py      a row to what is kept of it: bin numbers, a distance, an entropy; never the row
window.py      many sketches as counts, of a bounded size; windows add up
compare.py     two counts: PSI, Jensen-Shannon, KS, chi-square, energy distance; what chance alone would give
drift.py       a reference window against a current one, over all features at once
change.py      a stream of right and wrong answers: Page-Hinkley, ADWIN
oddity.py      inputs that are out of range, far from all that is known, or answered against their neighbours
among.py       a client's rows among themselves: echoes, gaps, steps that recur
extraction.py  a client's requests against what is ordinary: does it copy the model?

All of it is functions and small states without input or output; what has to survive is a msgspec Struct.
"""
