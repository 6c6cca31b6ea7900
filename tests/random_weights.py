"""ResNet50 with seeded random weights, in the layout and under the names of the official files."""

import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from tapeline.model_files import CLASS_INDEX, RESNET50_WEIGHTS, hash_file


def random_network() -> Any:
    """Return a ResNet50 whose answer depends clearly on the picture, as an untrained one's hardly does."""
    keras.utils.set_random_seed(20)
    network = keras.applications.ResNet50(weights=None)
    generator = np.random.default_rng(20)
    for layer in network.layers:
        values = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([generator.uniform(0.5, 1, value.shape) for value in values])
        elif layer.name == "predictions":
            layer.set_weights([generator.normal(0, 0.4, value.shape) for value in values])
    return network


def save_as_official(network: Any, path: Path) -> None:
    """Save weights as Keras 2 did: layers by name in the file's root, each weight named by its path."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in network.layers]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.0.6"
        for layer in network.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, layer.get_weights(), strict=True):
                group[name] = value


def class_index() -> dict[str, list[str]]:
    """Return names for the thousand classes, in the official file's form."""
    return {str(number): [f"n{number:08d}", f"class_{number}"] for number in range(1000)}


def write_model_files(folder: Path) -> None:
    """Write the weights, the class names, and a lock that names both by their size and hashes."""
    folder.mkdir(parents=True, exist_ok=True)
    save_as_official(random_network(), folder / RESNET50_WEIGHTS)
    (folder / CLASS_INDEX).write_text(json.dumps(class_index()), encoding="utf-8")
    entries = []
    for name in (RESNET50_WEIGHTS, CLASS_INDEX):
        hashes = hash_file(folder / name)
        entries.append(
            {
                "name": name,
                "url": f"https://models.invalid/{name}",
                "bytes": (folder / name).stat().st_size,
                "md5": hashes.md5,
                "sha256": hashes.sha256,
            }
        )
    lock = {"version": 1, "files": entries}
    (folder / "models.lock.json").write_text(json.dumps(lock, indent=2), encoding="utf-8")
