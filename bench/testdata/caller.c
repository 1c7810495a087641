// The generator of Thrift calls: so many connections from one thread, each of
// which has one call under way and sends the next when its reply has come. Every
// reply is looked at whole: length, method, type, sequence id and what it brings
// back. A wrong one ends it with an error: there is no figure for that.
//
// usage: caller ADDRESS PORT CONNECTIONS BYTES MILLISECONDS
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
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

// A call is a frame's length, version and type, name, sequence id, the header of
// a field, its bytes, and the end of the arguments.
enum {
	NAME = 4, AT_TYPE = 7, AT_NAME = 12, AT_SEQUENCE = AT_NAME + NAME, AT_FIELD = AT_SEQUENCE + 4,
	AT_BYTES = AT_FIELD + 3 + 4, EVENTS = 256, PATIENCE_MS = 5000, SLOWEST_US = 1000000,
};

struct conn { int fd; uint32_t sequence; uint64_t began; size_t have; char *request, *reply; };

static uint32_t late[SLOWEST_US + 1]; // replies by microseconds; the last has all that took longer
static size_t bytes, whole;

static void die(const char *what) { fprintf(stderr, "%s: %s\n", what, strerror(errno)); exit(1); }
static void wrong(const char *what) { fprintf(stderr, "a wrong reply: %s\n", what); exit(1); }

static uint64_t clock_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void put32(char *p, uint32_t v) { v = htobe32(v); memcpy(p, &v, 4); }

static void compose(struct conn *c) {
	char *p = c->request;
	put32(p, whole - 4);
	put32(p + 4, 0x80010001);
	put32(p + 8, NAME);
	memcpy(p + AT_NAME, "echo", NAME);
	memcpy(p + AT_FIELD, "\x0b\0\1", 3);
	put32(p + AT_FIELD + 3, bytes);
	memset(p + AT_BYTES, 'a', bytes);
	p[whole - 1] = 0;
}

// call sends the next request: its sequence id, which no other connection has
// either, stands at both ends of what is to come back.
static void call(struct conn *c, uint64_t now) {
	put32(c->request + AT_SEQUENCE, ++c->sequence);
	put32(c->request + AT_BYTES, c->sequence);
	put32(c->request + AT_BYTES + bytes - 4, c->sequence);
	c->began = now;
	c->have = 0;
	ssize_t n = send(c->fd, c->request, whole, MSG_NOSIGNAL);
	if (n < 0) die("send");
	if ((size_t)n < whole) { fprintf(stderr, "a request was not taken whole\n"); exit(1); }
}

static void check(const struct conn *c) {
	const char *got = c->reply, *sent = c->request;
	if (memcmp(got, sent, 4)) wrong("its length");
	if (memcmp(got + 4, "\x80\1\0", 3) || got[AT_TYPE] != 2) wrong("it is no REPLY");
	if (memcmp(got + 8, sent + 8, 4 + NAME)) wrong("its method");
	if (memcmp(got + AT_SEQUENCE, sent + AT_SEQUENCE, 4)) wrong("its sequence id");
	if (memcmp(got + AT_FIELD, "\x0b\0\0", 3)) wrong("its field");
	if (memcmp(got + AT_FIELD + 3, sent + AT_FIELD + 3, whole - AT_FIELD - 3)) wrong("what it brings back");
}

// receive tells whether the reply is whole.
static int receive(struct conn *c) {
	// One byte more than there may be: what is behind a reply is seen.
	ssize_t n = recv(c->fd, c->reply + c->have, whole + 1 - c->have, 0);
	if (n < 0 && errno == EAGAIN) return 0;
	if (n < 0) die("recv");
	if (n == 0) { fprintf(stderr, "the connection ended before the reply\n"); exit(1); }
	c->have += n;
	// An exception is shorter than a reply, and would be waited for in vain.
	if (c->have >= 4 && memcmp(c->reply, c->request, 4)) wrong("its length");
	if (c->have > whole) wrong("bytes behind it");
	if (c->have < whole) return 0;
	check(c);
	return 1;
}

static double quantile(uint64_t all, double q) {
	uint64_t seen = 0;
	for (int us = 0; us <= SLOWEST_US; us++)
		if ((seen += late[us]) >= q * all) return us + 0.5;
	return 0;
}

int main(int argc, char **argv) {
	struct rlimit files;
	if (argc != 6) { fprintf(stderr, "usage: caller ADDRESS PORT CONNECTIONS BYTES MILLISECONDS\n"); return 2; }
	if (!getrlimit(RLIMIT_NOFILE, &files)) { files.rlim_cur = files.rlim_max; setrlimit(RLIMIT_NOFILE, &files); }
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
	if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) { fprintf(stderr, "no IPv4 address: %s\n", argv[1]); return 2; }
	int conns = atoi(argv[3]), epfd = epoll_create1(0), one = 1;
	bytes = atoi(argv[4]);
	if (conns < 1 || bytes < 8) { fprintf(stderr, "needs a connection, and 8 bytes\n"); return 2; }
	whole = AT_BYTES + bytes + 1;
	struct conn *all = calloc(conns, sizeof *all);
	for (int i = 0; i < conns; i++) {
		struct conn *c = &all[i];
		c->fd = socket(AF_INET, SOCK_STREAM, 0);
		if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		fcntl(c->fd, F_SETFL, O_NONBLOCK);
		c->request = malloc(whole);
		c->reply = malloc(whole + 1);
		c->sequence = (uint32_t)i << 20;
		compose(c);
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
		if (epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &e) < 0) die("epoll_ctl");
	}
	uint64_t began = clock_ns(), now = began, stop = began + atoi(argv[5]) * 1000000ull, done = 0;
	for (int i = 0; i < conns; i++) call(&all[i], now);
	for (int busy = conns; busy;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(epfd, events, EVENTS, PATIENCE_MS);
		if (n < 0 && errno != EINTR) die("epoll_wait");
		if (n == 0) { fprintf(stderr, "%d calls have no reply after %d ms\n", busy, PATIENCE_MS); return 1; }
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (!receive(c)) continue;
			now = clock_ns();
			uint64_t us = (now - c->began) / 1000;
			late[us < SLOWEST_US ? us : SLOWEST_US]++;
			done++;
			if (now < stop) call(c, now);
			else busy--;
		}
	}
	printf("{\"requests\": %llu, \"rps\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f}\n", (unsigned long long)done,
		done / ((now - began) / 1e9), quantile(done, 0.5), quantile(done, 0.99), quantile(done, 0.999));
}
