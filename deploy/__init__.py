"""How the processor is watched and run: rules, dashboards and manifests, made from `deploy.sources`."""
