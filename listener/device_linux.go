package listener

import "syscall"

// bindToDevice has a socket hear the device only. Since Linux 5.7 everybody may,
// unless the socket is bound to another one.
func bindToDevice(fd int, device string) error {
	return syscall.SetsockoptString(fd, syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, device)
}
