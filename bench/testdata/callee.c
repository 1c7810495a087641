// The backend of Thrift and ThriftMux workloads: one thread that gives every
// call back as its reply, since it shares a CPU with the client and what the two
// use is what a proxy cannot be given. Both protocols are frames behind four
// bytes of length and are told apart by the first byte, so one port serves both.
// Replies are never longer than their requests and are made in place.
//
// A frame of the eight bytes "counts??" is answered by a number of eight bytes:
// that of connections with a call on them since it was last asked.
//
// usage: callee PORT DELAY_MS ADDRESS...
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 256 << 10, EVENTS = 256, LENGTH = 4, MUX_HEAD = 4 };

// Mux's types; those it has twice have the older number too.
enum { T_REQ = 1, T_DISPATCH = 2, T_PING = 65, T_DISCARDED = 66, T_DISCARDED_OLD = -62, T_INIT = 68, R_ERR = -128, R_ERR_NEW = 127 };

struct conn {
	int fd, listener, over;
	uint64_t period;      // in which it had its last call
	size_t waiting;       // delayed replies that name it
	size_t have;          // bytes in in
	char *in;             // BUFFER bytes
	char *rest;           // what the socket did not take
	size_t len, room;     // of it
	struct conn *next;    // of those that are over
};

// A reply that is sent later. All wait equally long, so they are in order.
struct later { uint64_t due; struct conn *to; size_t len; char *bytes; struct later *next; };

static int epfd;
static uint64_t delay, now, used, period = 1;
static struct later *first, **last = &first;
static struct conn *finished; // freed when no event can name them any more

static void die(const char *what) { perror(what); exit(1); }

static uint64_t clock_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint16_t get16(const char *p) { uint16_t v; memcpy(&v, p, 2); return be16toh(v); }
static uint32_t get32(const char *p) { uint32_t v; memcpy(&v, p, 4); return be32toh(v); }
static void put32(char *p, uint32_t v) { v = htobe32(v); memcpy(p, &v, 4); }
static void put64(char *p, uint64_t v) { v = htobe64(v); memcpy(p, &v, 8); }

static void watch(struct conn *c, int op) {
	struct epoll_event e = {.events = c->len ? EPOLLOUT : EPOLLIN, .data.ptr = c};
	if (epoll_ctl(epfd, op, c->fd, &e) < 0) die("epoll_ctl");
}

static void end(struct conn *c) {
	if (c->over) return;
	c->over = 1;
	close(c->fd);
	c->next = finished;
	finished = c;
}

// release frees what nothing names any more.
static void release(void) {
	for (struct conn **at = &finished, *c; (c = *at);) {
		if (c->waiting) { at = &c->next; continue; }
		*at = c->next;
		free(c->in);
		free(c->rest);
		free(c);
	}
}

// put sends bytes, or keeps what the socket does not take.
static void put(struct conn *c, const char *bytes, size_t n) {
	if (c->over || !n) return;
	size_t sent = 0;
	if (!c->len) {
		ssize_t m = send(c->fd, bytes, n, MSG_NOSIGNAL);
		if (m < 0 && errno != EAGAIN) { end(c); return; }
		if (m > 0) sent = m;
	}
	if (sent == n) return;
	if (c->len + n - sent > c->room && !(c->rest = realloc(c->rest, c->room = 2 * (c->len + n - sent)))) die("realloc");
	int fresh = !c->len;
	memcpy(c->rest + c->len, bytes + sent, n - sent);
	c->len += n - sent;
	if (fresh) watch(c, EPOLL_CTL_MOD);
}

static void flush(struct conn *c) {
	ssize_t n = send(c->fd, c->rest, c->len, MSG_NOSIGNAL);
	if (n < 0) { if (errno != EAGAIN) end(c); return; }
	memmove(c->rest, c->rest + n, c->len -= n);
	if (!c->len) watch(c, EPOLL_CTL_MOD);
}

static void count(struct conn *c) {
	if (c->period == period) return;
	c->period = period;
	used++;
}

// answer makes a CALL of strict binary encoding with one string its REPLY: the
// type changes, and the argument's number 1 to the result's 0.
static int answer(char *m, size_t n) {
	if (n < 12 || get32(m) != 0x80010001) return -1;
	size_t field = 12 + (size_t)get32(m + 4);
	if (field + 3 > n || m[field] != 11) return -1;
	m[3] = 2;
	m[field + 1] = m[field + 2] = 0;
	return 0;
}

// skip passes over pairs of strings, and tells where they end.
static ssize_t skip(const char *p, size_t at, size_t n, int strings) {
	for (; strings; strings--) {
		if (at + 2 > n || (at += 2 + get16(p + at)) > n) return -1;
	}
	return at;
}

// dispatched is where a dispatch's payload begins, -1 if it has none.
static ssize_t dispatched(const char *p, size_t n) {
	ssize_t at = MUX_HEAD;
	if (at + 2 > (ssize_t)n || (at = skip(p, at + 2, n, 2 * get16(p + at))) < 0) return -1; // contexts
	if ((at = skip(p, at, n, 1)) < 0) return -1;                                             // destination
	if (at + 2 > (ssize_t)n) return -1;
	return skip(p, at + 2, n, 2 * get16(p + at)); // delegations
}

// mux answers the message p of n bytes in out, and tells the answer's length, -1
// for what it does not serve.
static ssize_t mux(struct conn *c, char *p, size_t n, char *out) {
	signed char type = p[0];
	ssize_t at = MUX_HEAD;
	switch (type) {
	case T_PING: case T_INIT: case R_ERR: case R_ERR_NEW:
		// A session begins by asking whether the other side knows Tinit: by an error
		// that is to come back. Tinit's answer has its version and no features.
		if (type == T_INIT && n > MUX_HEAD + 2) n = MUX_HEAD + 2;
		memmove(out, p, n);
		if (type == T_PING || type == T_INIT) out[0] = -type;
		return n;
	case T_DISCARDED: case T_DISCARDED_OLD:
		return 0; // its call is answered, which a client then drops
	case T_REQ:
		if (n <= MUX_HEAD) return -1;
		at = MUX_HEAD + 1;
		for (int keys = (unsigned char)p[MUX_HEAD]; keys; keys--) {
			if (at + 2 > (ssize_t)n) return -1;
			at += 2 + (unsigned char)p[at + 1];
		}
		break;
	case T_DISPATCH:
		at = dispatched(p, n);
		break;
	default:
		return -1;
	}
	if (at < 0 || at > (ssize_t)n || answer(p + at, n - at) < 0) return -1;
	count(c);
	size_t head = type == T_REQ ? MUX_HEAD + 1 : MUX_HEAD + 3; // success, and for a dispatch no contexts
	char tag[3] = {p[1], p[2], p[3]};
	memmove(out + head, p + at, n - at);
	memset(out, 0, head);
	out[0] = -type;
	memcpy(out + 1, tag, 3);
	return head + n - at;
}

// serve answers one frame's n bytes at p in out, likewise.
static ssize_t serve(struct conn *c, char *p, size_t n, char *out) {
	if (n == 8 && !memcmp(p, "counts??", 8)) {
		char told[LENGTH + 8];
		put32(told, 8);
		put64(told + LENGTH, used);
		used = 0;
		period++;
		put(c, told, sizeof told);
		return 0;
	}
	if (n < MUX_HEAD) return -1;
	if (get32(p) != 0x80010001) return mux(c, p, n, out);
	if (answer(p, n) < 0) return -1;
	count(c);
	memmove(out, p, n);
	return n;
}

static void postpone(struct conn *c, const char *bytes, size_t n) {
	struct later *l = malloc(sizeof *l + n);
	if (!l) die("malloc");
	*l = (struct later){.due = now + delay, .to = c, .len = n, .bytes = (char *)(l + 1)};
	memcpy(l->bytes, bytes, n);
	c->waiting++;
	*last = l;
	last = &l->next;
}

static void send_due(void) {
	for (struct later *l; (l = first) && l->due <= now; free(l)) {
		if (!(first = l->next)) last = &first;
		l->to->waiting--;
		put(l->to, l->bytes, l->len);
	}
}

static void readable(struct conn *c) {
	ssize_t got = recv(c->fd, c->in + c->have, BUFFER - c->have, 0);
	if (got <= 0) { if (got == 0 || errno != EAGAIN) end(c); return; }
	c->have += got;
	size_t at = 0, out = 0;
	while (c->have - at >= LENGTH) {
		size_t n = get32(c->in + at);
		if (n > BUFFER - LENGTH) { fprintf(stderr, "a frame of %zu bytes\n", n); end(c); return; }
		if (c->have - at < LENGTH + n) break;
		ssize_t m = serve(c, c->in + at + LENGTH, n, c->in + out + LENGTH);
		if (m < 0) { fprintf(stderr, "a frame that is no call of one string\n"); end(c); return; }
		at += LENGTH + n;
		if (m == 0) continue;
		put32(c->in + out, m);
		if (delay) postpone(c, c->in + out, LENGTH + m);
		else out += LENGTH + m;
	}
	put(c, c->in, out);
	memmove(c->in, c->in + at, c->have -= at);
}

static void take(int listener) {
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) die("accept");
	if (fd < 0) return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	struct conn *c = calloc(1, sizeof *c);
	if (!c || !(c->in = malloc(BUFFER))) die("malloc");
	c->fd = fd;
	watch(c, EPOLL_CTL_ADD);
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
	watch(c, EPOLL_CTL_ADD);
}

int main(int argc, char **argv) {
	struct rlimit files;
	if (argc < 4) { fprintf(stderr, "usage: callee PORT DELAY_MS ADDRESS...\n"); return 2; }
	if (!getrlimit(RLIMIT_NOFILE, &files)) { files.rlim_cur = files.rlim_max; setrlimit(RLIMIT_NOFILE, &files); }
	delay = atoi(argv[2]) * 1000000ull;
	epfd = epoll_create1(0);
	for (int i = 3; i < argc; i++) listen_on(argv[i], atoi(argv[1]));
	for (;;) {
		struct epoll_event events[EVENTS];
		struct timespec wait = {0};
		if (first) {
			now = clock_ns();
			uint64_t left = first->due > now ? first->due - now : 0;
			wait = (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
		}
		int n = epoll_pwait2(epfd, events, EVENTS, first ? &wait : NULL, NULL);
		if (delay) now = clock_ns();
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (c->over) continue;
			if (c->listener) take(c->fd);
			else if (c->len) flush(c);
			else readable(c);
		}
		send_due();
		release();
	}
}
