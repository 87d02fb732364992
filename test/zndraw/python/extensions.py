"""Extensions that the tests register with ZnDraw's JobManager."""

import time
from typing import Any, ClassVar, Literal

from pydantic import Field
from zndraw_joblib.client import Category, Extension


class Scale(Extension):
    """Scales a number."""

    category: ClassVar[Category] = Category.MODIFIER
    factor: float = Field(2, ge=0)
    values: list[int] = Field(default_factory=list)
    mode: Literal["linear", "log"] = "linear"
    label: str | None = None

    def run(self, vis: Any, **kwargs: Any) -> None:
        print(f"scaled {self.values} by {self.factor} with {kwargs.get('model')}", flush=True)


class Explode(Extension):
    """Always fails."""

    category: ClassVar[Category] = Category.ANALYSIS

    def run(self, vis: Any, **kwargs: Any) -> None:
        raise RuntimeError("it exploded")


class Sleep(Extension):
    """Runs for a while."""

    category: ClassVar[Category] = Category.SELECTION
    seconds: float = 60

    def run(self, vis: Any, **kwargs: Any) -> None:
        print("sleeping", flush=True)
        time.sleep(self.seconds)
        print("awake", flush=True)
