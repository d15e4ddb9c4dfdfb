"""A volume is a sparse file, which is attached to nothing."""

from pathlib import Path

from cinder.image import image_utils
from cinder.volume import driver
from oslo_concurrency import processutils

FILES = Path("/var/lib/cinder/volumes")
BYTES_PER_GIB = 1024**3


class Files(driver.VolumeDriver):
    VERSION = "1"

    def check_for_setup_error(self):
        FILES.mkdir(exist_ok=True)

    def _update_volume_stats(self):
        self._stats = {
            "volume_backend_name": self.configuration.safe_get("volume_backend_name"),
            "vendor_name": "Galilean",
            "driver_version": self.VERSION,
            "storage_protocol": "file",
            "total_capacity_gb": "infinite",
            "free_capacity_gb": "infinite",
            "reserved_percentage": 0,
            "QoS_support": False,
            "multiattach": False,
        }

    def local_path(self, volume):
        return str(FILES / volume.name)

    def create_volume(self, volume):
        self.extend_volume(volume, volume.size)

    def extend_volume(self, volume, new_size):
        with open(self.local_path(volume), "ab") as file:
            file.truncate(new_size * BYTES_PER_GIB)

    def delete_volume(self, volume):
        Path(self.local_path(volume)).unlink(missing_ok=True)

    def create_snapshot(self, snapshot):
        processutils.execute("cp", "--sparse=always", str(FILES / snapshot.volume_name), str(FILES / snapshot.name))

    def delete_snapshot(self, snapshot):
        (FILES / snapshot.name).unlink(missing_ok=True)

    def create_volume_from_snapshot(self, volume, snapshot):
        processutils.execute("cp", "--sparse=always", str(FILES / snapshot.name), self.local_path(volume))
        self.extend_volume(volume, volume.size)

    def create_cloned_volume(self, volume, src_vref):
        processutils.execute("cp", "--sparse=always", self.local_path(src_vref), self.local_path(volume))
        self.extend_volume(volume, volume.size)

    def copy_image_to_volume(self, context, volume, image_service, image_id, **_options):
        target = (self.local_path(volume), self.configuration.volume_dd_blocksize)
        image_utils.fetch_to_raw(context, image_service, image_id, *target, size=volume.size, run_as_root=False)
        self.extend_volume(volume, volume.size)

    def copy_volume_to_image(self, context, volume, image_service, image_meta):
        path = self.local_path(volume)
        image_utils.upload_volume(context, image_service, image_meta, path, volume, run_as_root=False)

    def ensure_export(self, *_arguments):
        pass

    def create_export(self, *_arguments):
        pass

    def remove_export(self, *_arguments):
        pass

    def initialize_connection(self, volume, _connector):
        return {"driver_volume_type": "local", "data": {"device_path": self.local_path(volume)}}

    def terminate_connection(self, *_arguments, **_options):
        pass
