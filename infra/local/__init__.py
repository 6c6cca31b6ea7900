"""The embedded local cloud: the same template, deployed to an emulator of AWS on this machine.

``cloud`` runs MiniStack and deploys to it, ``package`` turns the template into what CloudFormation
takes, ``job`` answers one CSV, ``service`` serves the API behind a ``gateway_proxy``, and ``__main__`` is the
command ``python -m infra.local``.
"""
