// The generator of Redis commands: so many connections from one thread, each of
// which has one pipeline of so many commands under way and sends the next when
// all replies have come. Every second command is a SET and the one behind it the
// GET of the same key; a pipeline of one is by turns the SET and the GET. Keys are
// each connection's own, and values say which connection wrote them and in which
// turn, so an answer that is another's, late, early or out of order is seen: all
// replies are looked at whole, and a wrong one ends it with an error, for there is
// no figure for that.
//
// usage: asker ADDRESS PORT CONNECTIONS BYTES DEPTH MILLISECONDS
#define _GNU_SOURCE
#include <arpa/inet.h>
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

enum { EVENTS = 256, PATIENCE_MS = 5000, SLOWEST_US = 1000000, STAMP = 8, SPARE = 128 };

// A burst is what is sent at once and what must come back. Of both it is known
// where the stamps stand: at either end of each value.
struct burst { char *request, *reply; size_t sent, whole, *asked, *told; int asks, tells; };

struct conn { int fd; uint32_t number, turn; uint64_t began; size_t have; struct burst bursts[2], *now; char *got; };

static uint32_t late[SLOWEST_US + 1]; // pipelines by microseconds; the last has all that took longer
static size_t bytes;
static int depth;

static void die(const char *what) { fprintf(stderr, "%s: %s\n", what, strerror(errno)); exit(1); }

static void *room(size_t n) {
	void *p = malloc(n);
	if (!p) die("malloc");
	return p;
}

static uint64_t clock_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

// value writes "$BYTES CRLF value CRLF" and notes where its stamps go.
static char *value(char *p, const char *begin, size_t *stamps, int *n) {
	p += sprintf(p, "$%zu\r\n", bytes);
	memset(p, 'a', bytes);
	stamps[(*n)++] = p - begin;
	stamps[(*n)++] = p - begin + bytes - STAMP;
	p += bytes;
	memcpy(p, "\r\n", 2);
	return p + 2;
}

// compose makes the burst of the commands from first on.
static void compose(struct conn *c, struct burst *b, int first, int commands) {
	size_t most = commands * (bytes + SPARE);
	char *p = b->request = room(most), *q = b->reply = room(most);
	b->asked = room(2 * commands * sizeof *b->asked);
	b->told = room(2 * commands * sizeof *b->told);
	for (int i = first; i < first + commands; i++) {
		char key[32];
		int n = sprintf(key, "bench:%06u:%03d", c->number, i / 2);
		if (i % 2 == 0) {
			p += sprintf(p, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n", n, key);
			p = value(p, b->request, b->asked, &b->asks);
			q += sprintf(q, "+OK\r\n");
		} else {
			p += sprintf(p, "*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", n, key);
			q = value(q, b->reply, b->told, &b->tells);
		}
	}
	b->sent = p - b->request;
	b->whole = q - b->reply;
}

// stamp is of the SET that the turn's commands belong to.
static void stamp(struct conn *c, struct burst *b) {
	uint32_t at[2] = {c->number, depth == 1 ? c->turn / 2 : c->turn};
	for (int i = 0; i < b->asks; i++) memcpy(b->request + b->asked[i], at, STAMP);
	for (int i = 0; i < b->tells; i++) memcpy(b->reply + b->told[i], at, STAMP);
}

static void ask(struct conn *c, uint64_t now) {
	struct burst *b = c->now = &c->bursts[depth == 1 ? c->turn % 2 : 0];
	stamp(c, b);
	c->turn++;
	c->began = now;
	c->have = 0;
	ssize_t n = send(c->fd, b->request, b->sent, MSG_NOSIGNAL);
	if (n < 0) die("send");
	if ((size_t)n < b->sent) { fprintf(stderr, "a pipeline was not taken whole\n"); exit(1); }
}

// receive tells whether all replies are there. What has come is looked at as it
// comes: an error is shorter than a value, and would be waited for in vain.
static int receive(struct conn *c) {
	struct burst *b = c->now;
	// One byte more than there may be: what is behind the replies is seen.
	ssize_t n = recv(c->fd, c->got + c->have, b->whole + 1 - c->have, 0);
	if (n < 0 && errno == EAGAIN) return 0;
	if (n < 0) die("recv");
	if (n == 0) { fprintf(stderr, "the connection ended before the reply\n"); exit(1); }
	size_t had = c->have;
	c->have += n;
	if (c->have > b->whole) { fprintf(stderr, "a wrong reply: bytes behind it\n"); exit(1); }
	if (memcmp(c->got + had, b->reply + had, n)) {
		fprintf(stderr, "a wrong reply on connection %u, turn %u: %.*s\n", c->number, c->turn, (int)(c->have < 200 ? c->have : 200), c->got);
		exit(1);
	}
	return c->have == b->whole;
}

static double quantile(uint64_t all, double q) {
	uint64_t seen = 0;
	for (int us = 0; us <= SLOWEST_US; us++)
		if ((seen += late[us]) >= q * all) return us + 0.5;
	return 0;
}

static void begin(struct conn *c, int number, const struct sockaddr_in *to, int epfd) {
	int one = 1;
	c->number = number;
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)to, sizeof *to) < 0) die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (depth == 1) {
		compose(c, &c->bursts[0], 0, 1);
		compose(c, &c->bursts[1], 1, 1);
	} else {
		compose(c, &c->bursts[0], 0, depth);
	}
	c->got = room(depth * (bytes + SPARE) + 1);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &e) < 0) die("epoll_ctl");
}

int main(int argc, char **argv) {
	struct rlimit files;
	if (argc != 7) { fprintf(stderr, "usage: asker ADDRESS PORT CONNECTIONS BYTES DEPTH MILLISECONDS\n"); return 2; }
	if (!getrlimit(RLIMIT_NOFILE, &files)) { files.rlim_cur = files.rlim_max; setrlimit(RLIMIT_NOFILE, &files); }
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
	if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) { fprintf(stderr, "no IPv4 address: %s\n", argv[1]); return 2; }
	int conns = atoi(argv[3]), epfd = epoll_create1(0);
	bytes = atoi(argv[4]);
	depth = atoi(argv[5]);
	if (conns < 1 || bytes < 2 * STAMP || depth < 1 || (depth > 1 && depth % 2)) {
		fprintf(stderr, "needs a connection, %d bytes, and a pipeline of 1 or of pairs\n", 2 * STAMP);
		return 2;
	}
	struct conn *all = calloc(conns, sizeof *all);
	if (!all) die("calloc");
	for (int i = 0; i < conns; i++) begin(&all[i], i, &to, epfd);
	uint64_t began = clock_ns(), now = began, stop = began + atoi(argv[6]) * 1000000ull, done = 0;
	for (int i = 0; i < conns; i++) ask(&all[i], now);
	for (int busy = conns; busy;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(epfd, events, EVENTS, PATIENCE_MS);
		if (n < 0 && errno != EINTR) die("epoll_wait");
		if (n == 0) { fprintf(stderr, "%d pipelines have no reply after %d ms\n", busy, PATIENCE_MS); return 1; }
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (!receive(c)) continue;
			now = clock_ns();
			uint64_t us = (now - c->began) / 1000;
			late[us < SLOWEST_US ? us : SLOWEST_US]++;
			done++;
			if (now < stop) ask(c, now);
			else busy--;
		}
	}
	printf("{\"requests\": %llu, \"rps\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f}\n", (unsigned long long)done * depth,
		done * depth / ((now - began) / 1e9), quantile(done, 0.5), quantile(done, 0.99), quantile(done, 0.999));
}
