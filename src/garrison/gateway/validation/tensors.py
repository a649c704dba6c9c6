"""What a model of the Open Inference Protocol declares of its tensors, and the Lua that holds requests against it.

Datatypes: https://github.com/kserve/open-inference-protocol (inference_rest.md, Tensor Data Types), and BF16 of Triton.
"""

from __future__ import annotations

import enum
import math
import struct
from decimal import Decimal

import msgspec

from garrison.gateway.validation import decimals
from garrison.gateway.validation.decimals import Number
from garrison.gateway.validation.emit import bound
from garrison.gateway.validation.lua import fields, items, literal, named, table, text
from garrison.gateway.validation.schema import Where


class Datatype(enum.StrEnum):
    """The datatypes of tensors, as requests name them."""

    BOOL = "BOOL"
    UINT8 = "UINT8"
    UINT16 = "UINT16"
    UINT32 = "UINT32"
    UINT64 = "UINT64"
    INT8 = "INT8"
    INT16 = "INT16"
    INT32 = "INT32"
    INT64 = "INT64"
    FP16 = "FP16"
    BF16 = "BF16"
    FP32 = "FP32"
    FP64 = "FP64"
    BYTES = "BYTES"

    @property
    def whole(self) -> bool:
        """Whether its values are integers."""
        return "INT" in self

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers, with bounds."""
        return self not in (Datatype.BOOL, Datatype.BYTES)

    @property
    def width(self) -> int:
        """Bytes of one value in binary data; 0 where each says its own."""
        bits = self.value.lstrip("UINTFPB")
        return int(bits) // 8 if bits.isdigit() else int(self is Datatype.BOOL)


class Tensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One input or output: -1 in a shape is any size. Bounds are of every value; `max_bytes` of every element of BYTES."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    minimum: int | float | None = None
    maximum: int | float | None = None
    max_bytes: int | None = None
    optional: bool = False


class Tensors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tensors of a model. Without any, requests are held against the protocol alone.

    `binary` allows binary data; `json_outputs` refuses whatever would have outputs answered in a form that a response
    policy cannot read.
    """

    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    binary: bool = True
    json_outputs: bool = False


# The largest values; JSON may spell them a little higher, and they are rounded down to them.
_LARGEST: dict[str, Number] = {
    "FP16": 65504,
    "BF16": Decimal("3.3895314e38"),
    "FP32": Decimal("3.4028235e38"),
    "FP64": Decimal("1.797693134862315708e308"),
}
_CTYPES = {"FP16": "uint16_t", "BF16": "uint16_t", "FP32": "float", "FP64": "double"}
_SHARED = "expected no shared memory: what lies there is not checked"
_REFUSED = dict.fromkeys(("shared_memory_region", "shared_memory_offset", "shared_memory_byte_size"), _SHARED)
_CLASSES = "expected no classification: the outputs of this model are answered as numbers"


def check(tensors: Tensors, where: Where) -> None:
    """Refuse declarations that contradict themselves. Raises ConfigError."""
    for kind, declared in (("inputs", tensors.inputs), ("outputs", tensors.outputs)):
        names: set[str] = set()
        for n, tensor in enumerate(declared):
            pointer = f"/{kind}/{n}"
            if tensor.name in names:
                where.wrong(f"{pointer}/name", f"{tensor.name!r} is declared twice", "keep one of them")
            names.add(tensor.name)
            if any(size < -1 for size in tensor.shape):
                where.wrong(f"{pointer}/shape", "expected sizes from 0 on, or -1 for any", "as in [-1, 4]")
            numeric = tensor.datatype.numeric
            if not numeric and (tensor.minimum is not None or tensor.maximum is not None):
                where.wrong(
                    pointer, f"{tensor.datatype} has no minimum or maximum", "remove them; max_bytes is for BYTES"
                )
            if tensor.max_bytes is not None and tensor.datatype is not Datatype.BYTES:
                where.wrong(f"{pointer}/max_bytes", "max_bytes is for BYTES", "write minimum and maximum")
            if numeric:
                low, high = _range(tensor.datatype, tensor.minimum, tensor.maximum)
                if decimals.exactly(low) > decimals.exactly(high):
                    where.wrong(pointer, "no value lies between minimum and maximum", "see the range of the datatype")


def declaration(tensors: Tensors, *, size_bytes: int, depth: int, schema: str | None) -> str:
    """The table that v2.lua checks requests against; `schema` is an expression of a validator of the JSON alone."""
    refused = dict(_REFUSED)
    if tensors.json_outputs:
        refused["classification"] = _CLASSES
    return fields(
        size_bytes=str(size_bytes),
        depth=str(depth),
        binary=tensors.binary,
        json_outputs=tensors.json_outputs,
        refused=named((name, text(said)) for name, said in refused.items()),
        datatypes="garrison.v2.datatypes",
        required=items(text(t.name) for t in tensors.inputs if not t.optional),
        inputs=named((t.name, _spec(t, shape=t.shape)) for t in tensors.inputs) if tensors.inputs else None,
        outputs=table(text(t.name) for t in tensors.outputs) if tensors.outputs else None,
        schema=schema,
    )


def datatypes() -> str:
    """What each datatype allows, as a table of Lua by name."""
    return named((d, _spec(Tensor(name="", datatype=d, shape=()), shape=None)) for d in Datatype)


def _spec(tensor: Tensor, *, shape: tuple[int, ...] | None) -> str:
    """What v2.lua wants to know of one tensor."""
    datatype = tensor.datatype
    low, high = _range(datatype, tensor.minimum, tensor.maximum)
    expected = {
        Datatype.BOOL: "true or false",
        Datatype.BYTES: "a string" if tensor.max_bytes is None else f"at most {tensor.max_bytes} bytes",
    }.get(datatype, f"{'an integer' if datatype.whole else 'a number'} from {low} to {high}")
    return "garrison.v2.tensor" + fields(
        datatype=text(datatype),
        width=str(datatype.width),
        shape=None if shape is None else items(map(str, shape)),
        kind=text("number" if datatype.numeric else "boolean" if datatype is Datatype.BOOL else "string"),
        expected=text(f"expected {expected}"),
        whole=datatype.whole,
        low=bound(low, low=True) if datatype.numeric else None,
        high=bound(high, low=False) if datatype.numeric else None,
        max_bytes=None if tensor.max_bytes is None else str(tensor.max_bytes),
        half=datatype in (Datatype.FP16, Datatype.BF16),
        **_binary(datatype, low, high),
    )


def _range(datatype: Datatype, minimum: Number | None, maximum: Number | None) -> tuple[Number, Number]:
    """The bounds of a tensor's values: those declared, within those of the datatype."""
    low, high = extent(datatype)
    if minimum is not None and decimals.exactly(minimum) > decimals.exactly(low):
        low = minimum
    if maximum is not None and decimals.exactly(maximum) < decimals.exactly(high):
        high = maximum
    return low, high


def extent(datatype: Datatype) -> tuple[Number, Number]:
    """The smallest and the largest value that there is."""
    if not datatype.numeric:
        return 0, 1
    if not datatype.whole:
        return -_LARGEST[datatype], _LARGEST[datatype]
    bits = 8 * datatype.width
    return (0, (1 << bits) - 1) if datatype.startswith("U") else (-(1 << bits - 1), (1 << bits - 1) - 1)


def _binary(datatype: Datatype, low: Number, high: Number) -> dict[str, str]:
    """Bounds of the values as they stand in memory: as the datatype rounds them. None where all bits are allowed."""
    if datatype is Datatype.BYTES or (datatype.whole and (low, high) == extent(datatype)):
        return {}
    if datatype.whole or datatype is Datatype.BOOL:
        suffix = ("ULL" if datatype.startswith("U") else "LL") if datatype.width == 8 else ""  # noqa: PLR2004  # bytes
        ends = [f"{end}{suffix}" for end in (math.ceil(decimals.exactly(low)), math.floor(decimals.exactly(high)))]
        ctype = "uint8_t" if datatype is Datatype.BOOL else f"{datatype.lower()}_t"
    else:
        ends = [literal(_rounded(datatype, float(number))) for number in (low, high)]
        ctype = _CTYPES[datatype]
    return {"ctype": text(f"const {ctype}*"), "binary_low": ends[0], "binary_high": ends[1]}


def _rounded(datatype: Datatype, number: float) -> float:
    if datatype is Datatype.FP64:
        return number
    if datatype is Datatype.BF16:  # the upper half of a float, rounded to even
        bits = int.from_bytes(struct.pack("<f", number), "little")
        bits = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16
        return float(struct.unpack("<f", bits.to_bytes(4, "little"))[0])
    code = "<e" if datatype is Datatype.FP16 else "<f"
    return float(struct.unpack(code, struct.pack(code, number))[0])
