"""What an operation is for, by its path."""

from __future__ import annotations

import pytest

from garrison.estate.endpoints import Purpose, Telling, about_models, purpose_of, tells


@pytest.mark.parametrize(
    ("call", "purpose"),
    [
        # What servers and providers answer under: KServe, TorchServe, SageMaker, Vertex AI, OpenAI, TGI.
        ("POST /v2/models/{model}/infer", Purpose.INFERENCE),
        ("POST /v2/models/{model}/versions/{version}/infer", Purpose.INFERENCE),
        ("POST /v1/models/{model}:predict", Purpose.INFERENCE),
        ("POST /v1/{endpoint}:rawPredict", Purpose.INFERENCE),
        ("POST /predictions/card-fraud", Purpose.INFERENCE),
        ("POST /predictions/{name}", Purpose.INFERENCE),
        ("POST /invocations", Purpose.INFERENCE),
        ("POST /v1/chat/completions", Purpose.INFERENCE),
        ("POST /v1/embeddings", Purpose.INFERENCE),
        ("POST /predict/batch", Purpose.INFERENCE),
        ("GET /predict", Purpose.INFERENCE),
        ("POST /v1/messages", Purpose.INFERENCE),
        ("GET /v2/health/live", Purpose.HARMLESS),
        ("GET /v2/models/{model}/ready", Purpose.HARMLESS),
        ("GET /v2", Purpose.HARMLESS),
        ("GET /metrics", Purpose.HARMLESS),
        ("GET /", Purpose.HARMLESS),
        ("GET /.well-known/openid-configuration", Purpose.HARMLESS),
        ("POST /v2/repository/models/{model}/load", Purpose.MANAGEMENT),
        ("POST /v1/unload_lora_adapter", Purpose.MANAGEMENT),
        ("DELETE /models/{name}/delete", Purpose.MANAGEMENT),
        ("POST /retrain", Purpose.MANAGEMENT),
        ("POST /fine_tuning/jobs", Purpose.MANAGEMENT),
        ("POST /training-data", Purpose.FEEDBACK),
        ("GET /debug/pprof/heap", Purpose.DEBUG),
        ("POST /login", Purpose.SIGN_IN),
        ("POST /auth/token", Purpose.SIGN_IN),
        ("GET /api/p2p/token", Purpose.OTHER),
        ("GET /predictions/{prediction_id}", Purpose.OTHER),
        ("POST /chat/completions/{completion_id}", Purpose.OTHER),
        ("GET /v1/models", Purpose.OTHER),
        ("POST /health", Purpose.OTHER),
        ("POST /reports/generate", Purpose.OTHER),
        ("POST /models", Purpose.OTHER),
        ("POST /feedback", Purpose.OTHER),
        ("POST /trains/{id}", Purpose.OTHER),
    ],
)  # fmt: skip
def test_what_a_path_says_alone(call: str, purpose: Purpose) -> None:
    method, _, path = call.partition(" ")
    assert purpose_of(method, path, about=False) is purpose


@pytest.mark.parametrize(
    ("call", "purpose"),
    [
        ("POST /generate", Purpose.INFERENCE),
        ("POST /v1/audio/transcriptions", Purpose.INFERENCE),
        ("POST /score", Purpose.INFERENCE),
        ("POST /models", Purpose.MANAGEMENT),
        ("DELETE /models/{name}/{version}", Purpose.MANAGEMENT),
        ("POST /train", Purpose.MANAGEMENT),
        ("POST /feedback", Purpose.FEEDBACK),
        ("PUT /datasets/{name}", Purpose.FEEDBACK),
        ("GET /datasets/{name}", Purpose.OTHER),
        ("POST /predict/feedback", Purpose.FEEDBACK),
        ("POST /users", Purpose.OTHER),
    ],
)
def test_what_it_says_in_an_interface_about_models(call: str, purpose: Purpose) -> None:
    method, _, path = call.partition(" ")
    assert purpose_of(method, path, about=True) is purpose


@pytest.mark.parametrize(
    ("texts", "answer"),
    [
        (["Card fraud", "/predictions/{name}"], True),
        (["Data plane of a machine learning server"], True),
        (["An LLM gateway"], True),
        (["Orders", "The data model of orders", "/orders", "/models"], False),
        ([], False),
    ],
)
def test_what_an_interface_is_about(texts: list[str], answer: bool) -> None:
    assert about_models(texts) is answer


def test_names_are_one_however_they_are_written() -> None:
    for name in ("card_number", "cardNumber", "card-number", "payment.cardNumber"):
        assert tells(name, Telling.PERSONAL)
    assert tells("apiKey", Telling.SECRET)
    assert not tells("page_token", Telling.SECRET)
    assert not tells("card_token", Telling.PERSONAL)
    assert tells("modelUrl", Telling.ADDRESS)
    assert not tells("callback_url", Telling.ADDRESS)
