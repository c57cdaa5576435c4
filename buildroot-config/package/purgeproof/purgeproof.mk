################################################################################
#
# purgeproof
#
################################################################################

PURGEPROOF_VERSION = 0.1.0
# Nothing is downloaded and nothing compiled: binary and keyboard layouts are there already.
PURGEPROOF_SOURCE =
PURGEPROOF_LICENSE = MIT or Apache-2.0
# Unpacked by the time that we install, for none of the files below has an option of its own in that package.
PURGEPROOF_DEPENDENCIES = linux-firmware

PURGEPROOF_BINARY = $(call qstrip,$(BR2_PACKAGE_PURGEPROOF_BINARY))
PURGEPROOF_KEYMAPS = $(call qstrip,$(BR2_PACKAGE_PURGEPROOF_KEYMAPS))
PURGEPROOF_FIRMWARE = $(shell sed 's/\#.*//' $(BR2_EXTERNAL_PURGEPROOF_PATH)/firmware.list)

define PURGEPROOF_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(PURGEPROOF_BINARY) $(TARGET_DIR)/init
	$(INSTALL) -d $(TARGET_DIR)/lib/keymaps
	$(INSTALL) -m 0644 $(PURGEPROOF_KEYMAPS)/* $(TARGET_DIR)/lib/keymaps
	$(foreach file,$(PURGEPROOF_FIRMWARE), \
		$(INSTALL) -D -m 0644 $(LINUX_FIRMWARE_DIR)/$(file) $(TARGET_DIR)/lib/firmware/$(file)
	)
endef

$(eval $(generic-package))
