"""The openness class of a model as the API shows it."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from service.inventory.openness import Assessment, Status


class ComponentBody(BaseModel):
    """A component of the Model Openness Framework, and what became of it in this model's release."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    type: str = Field(description="code, data or document")
    class_: Literal[1, 2, 3] = Field(alias="class", description="The class that asks for it")
    required: bool
    status: Status
    why: str
    licence: str | None = Field(description="The text as stated")
    inherited_from: str | None = Field(description="`code`, `data`, `document` or `distribution`; null: its own")
    expression: str | None = Field(description="The SPDX expression that the text was taken for")


class OpennessBody(BaseModel):
    """One answer: class 1 is best, 0 is unclassified; progress in per cent by class."""

    model_config = ConfigDict(populate_by_name=True)

    class_: Literal[0, 1, 2, 3] = Field(alias="class")
    label: str
    progress: dict[Literal["1", "2", "3"], float]
    components: list[ComponentBody]
    warnings: list[str]


class AssessmentBody(BaseModel):
    """Both answers for one model of the inventory."""

    asset: str
    strict: OpennessBody = Field(description="Licences count by exact SPDX id, as the reference tool reads them")
    resolved: OpennessBody = Field(description="Licences count as the licence resolver understands them; no guess does")

    @classmethod
    def of(cls, asset: str, found: Assessment) -> Self:
        """The body that shows `found`."""
        return cls.model_validate({"asset": asset, **found.as_dict()})
