// The backend of every target, and of the client alone in the direct case: one
// thread, made to cost as little as a server can, since it shares a CPU with the
// client and what the two use is what a proxy cannot be given. The path says the
// answer's size. Requests have a Content-Length or no body.
//
// usage: backend PORT ADDRESS...
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = 8192, SCRATCH = 1 << 18, EVENTS = 256, PATHS = 3 };

static const struct { const char *path; size_t body; } paths[PATHS] = {
	{"/100", 100}, {"/16k", 16 << 10}, {"/1m", 1 << 20}};

static struct answer { char *bytes; size_t len; } answers[PATHS][2]; // the second says that it closes

struct conn {
	int fd, listener, closing;
	size_t have;               // bytes in head
	size_t skip;               // bytes of a request body still to come
	const struct answer *after; // the answer when they have come
	const struct answer *out;  // being written
	size_t sent;
	char head[HEAD + 1];
};

static int epfd;

static void die(const char *what) { perror(what); exit(1); }

static void compose(struct answer *a, size_t body, const char *more) {
	a->bytes = malloc(body + 256);
	int n = sprintf(a->bytes,
		"HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
		"Content-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n", body, more);
	memset(a->bytes + n, 'a', body);
	a->len = n + body;
}

static void watch(struct conn *c, int op, unsigned events) {
	struct epoll_event e = {.events = events, .data.ptr = c};
	if (epoll_ctl(epfd, op, c->fd, &e) < 0) die("epoll_ctl");
}

static void end(struct conn *c) { close(c->fd); free(c); }

// flush writes what goes. Returns 1 when all is out, 0 when the peer must read
// first, -1 when the connection is over.
static int flush(struct conn *c) {
	while (c->sent < c->out->len) {
		ssize_t n = send(c->fd, c->out->bytes + c->sent, c->out->len - c->sent, MSG_NOSIGNAL);
		if (n < 0) return errno == EAGAIN ? 0 : -1;
		c->sent += n;
	}
	c->out = NULL;
	return c->closing ? -1 : 1;
}

// head reads one request's head of n bytes. Returns -1 for what it does not serve.
static int head(struct conn *c, size_t n) {
	c->head[n - 1] = 0;
	char *path = strchr(c->head, ' '), *field = strcasestr(c->head, "\nContent-Length:");
	c->skip = field ? strtoul(field + 16, NULL, 10) : 0;
	c->closing = strcasestr(c->head, "\nConnection: close") != NULL;
	for (int i = 0; path && i < PATHS; i++) {
		size_t len = strlen(paths[i].path);
		if (!strncmp(path + 1, paths[i].path, len) && path[1 + len] == ' ') c->after = &answers[i][c->closing];
	}
	if (!c->after) return -1;
	return strcasestr(c->head, "\nTransfer-Encoding:") ? -1 : 0;
}

// serve goes through what was read. Returns -1 when the connection is over.
static int serve(struct conn *c) {
	for (;;) {
		if (c->after && !c->skip) {
			c->out = c->after;
			c->after = NULL;
			c->sent = 0;
			int done = flush(c);
			if (done == 0) watch(c, EPOLL_CTL_MOD, EPOLLOUT);
			if (done <= 0) return done;
		}
		if (c->after) { // what of the body came along with the head
			size_t n = c->have < c->skip ? c->have : c->skip;
			memmove(c->head, c->head + n, c->have -= n);
			if (c->skip -= n) return 0;
			continue;
		}
		char *stop = memmem(c->head, c->have, "\r\n\r\n", 4);
		if (!stop) return c->have == HEAD ? -1 : 0;
		size_t n = stop + 4 - c->head;
		if (head(c, n) < 0) return -1;
		memmove(c->head, c->head + n, c->have -= n);
	}
}

static int readable(struct conn *c) {
	static char scratch[SCRATCH];
	ssize_t n;
	if (c->skip) {
		n = recv(c->fd, scratch, c->skip < SCRATCH ? c->skip : SCRATCH, 0);
		if (n > 0) c->skip -= n;
	} else {
		n = recv(c->fd, c->head + c->have, HEAD - c->have, 0);
		if (n > 0) c->have += n;
	}
	if (n <= 0) return n < 0 && errno == EAGAIN ? 0 : -1;
	return serve(c);
}

static void take(int listener) {
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) die("accept");
	if (fd < 0) return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	struct conn *c = malloc(sizeof *c);
	memset(c, 0, offsetof(struct conn, head));
	c->fd = fd;
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void listen_on(const char *address, int port) {
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) { fprintf(stderr, "no IPv4 address: %s\n", address); exit(1); }
	struct conn *c = calloc(1, sizeof *c);
	int one = 1;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	c->listener = 1;
	setsockopt(c->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(c->fd, (struct sockaddr *)&to, sizeof to) < 0 || listen(c->fd, 4096) < 0) die(address);
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

int main(int argc, char **argv) {
	struct rlimit files;
	if (argc < 3) { fprintf(stderr, "usage: backend PORT ADDRESS...\n"); return 2; }
	if (!getrlimit(RLIMIT_NOFILE, &files)) { files.rlim_cur = files.rlim_max; setrlimit(RLIMIT_NOFILE, &files); }
	for (int i = 0; i < PATHS; i++) {
		compose(&answers[i][0], paths[i].body, "");
		compose(&answers[i][1], paths[i].body, "Connection: close\r\n");
	}
	epfd = epoll_create1(0);
	for (int i = 2; i < argc; i++) listen_on(argv[i], atoi(argv[1]));
	for (;;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(epfd, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (c->listener) { take(c->fd); continue; }
			int over;
			if (c->out) {
				over = flush(c);
				if (over == 1) { watch(c, EPOLL_CTL_MOD, EPOLLIN); over = serve(c); }
			} else over = readable(c);
			if (over < 0) end(c);
		}
	}
}
