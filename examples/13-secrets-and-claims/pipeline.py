"""A Secret, a ConfigMap and a volume claim, for which directories stand in on a laptop."""

from kfp import dsl, kubernetes


@dsl.component
def fetch():
    import os

    print(f"log in with a token of {len(os.environ['TOKEN'])} characters")
    with open("/data/numbers.txt", "w") as file:
        file.write("3\n4\n5\n")


@dsl.component
def add_up() -> int:
    with open("/settings/factor") as file:
        factor = int(file.read())
    with open("/data/numbers.txt") as file:
        return factor * sum(map(int, file))


@dsl.pipeline(name="secrets-and-claims")
def pipeline() -> int:
    claim = kubernetes.CreatePVC(
        pvc_name_suffix="-data",
        access_modes=["ReadWriteOnce"],
        size="1Gi",
        storage_class_name="standard",
    )
    fetched = fetch()
    kubernetes.use_secret_as_env(fetched, "warehouse", {"token": "TOKEN"})
    added = add_up().after(fetched)
    kubernetes.use_config_map_as_volume(added, "settings", "/settings")
    for task in (fetched, added):
        kubernetes.mount_pvc(task, claim.outputs["name"], "/data")
    kubernetes.DeletePVC(pvc_name=claim.outputs["name"]).after(added)
    return added.output
