#!/bin/sh
# Tells which of IPVS and ESP the kernel has, by trial: each may be a module, which is loaded then, or built in.
[ -e /proc/net/ip_vs ] || modprobe --quiet ip_vs
[ ! -e /proc/net/ip_vs ] || echo IPVS
# What the engine asks for (libnetwork, drivers/overlay/encryption.go), in a network namespace that ends with the trial.
if unshare --net ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode transport \
  aead "rfc4106(gcm(aes))" 0x000102030405060708090a0b0c0d0e0f10111213 64; then
  echo ESP
fi
