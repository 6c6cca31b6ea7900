"""The settings of functions that need to know which entities there are."""

from tapeline.entity_file import DEFAULT, use_entity_file
from tapeline.settings import Settings


class EntitySettings(Settings):
    """For functions that need to know which entities can be asked for.

    Attributes:
        entities: The entities file: the name of a shipped one, or a path.
    """

    entities: str = DEFAULT

    def prepare(self) -> None:
        """Have the file's entities in this process.

        Raises:
            SettingsError: The file can't be used.
        """
        use_entity_file(self.entities)
