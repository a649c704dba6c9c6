"""What the checks found: outcome, evidence, risk, ignores, baselines."""
