"""What stands in TensorBoard's event files, read as TensorBoard reads them."""

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def curve(model: Path, name: str) -> list[tuple[int, float]]:
    """Steps and figures of a curve in a model's folder."""
    events = EventAccumulator(str(model / "tensorboard"))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(name)]
