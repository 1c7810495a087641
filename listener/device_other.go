//go:build !linux

package listener

import "syscall"

func bindToDevice(int, string) error { return syscall.ENOTSUP }
