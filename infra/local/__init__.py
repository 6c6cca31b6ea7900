"""The embedded local cloud: the same template, deployed to an emulator of AWS on this machine.

``cloud`` runs MiniStack on the ``host``, ``engine`` its containers; ``package`` turns the template into what
CloudFormation accepts, ``deployment`` deploys it. ``job`` answers one CSV, with its ``progress``; ``service``
serves the API behind a ``gateway_proxy``; ``example_cloud`` runs a cloud for other tools.
``python -m infra.local`` is the ``command``, with ``interrupts``.
"""
