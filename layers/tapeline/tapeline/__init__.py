"""Tapeline's core: from a picture and a list of entities to values with their units.

Data flows one way. The functions in ``functions/`` parse an event and call one function of this
package; the package talks to the outside through the protocols of :mod:`tapeline.ports`, and the
adapters in :mod:`tapeline.adapters` implement them with boto3, requests, Pillow, OpenCV and
OpenVINO. Nothing outside ``adapters`` imports those libraries.
"""

__version__ = "0.1.0"
