"""The one model everything stands on: values, truth, assets and how they relate."""
