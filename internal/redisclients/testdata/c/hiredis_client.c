/* hiredis against one address: HOST PORT RESP single|cluster PREFIX. */
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;
static char prefix[256];

static void told(const char *name, int ok, const char *why) {
    if (ok) { passed++; printf("ok %s\n", name); return; }
    failed++;
    printf("not ok %s: %s\n", name, why ? why : "");
}

/* text gives a reply's text, or its number, and frees it. */
static const char *text(redisReply *r) {
    static char out[512];
    if (!r) return "no reply";
    if (r->type == REDIS_REPLY_INTEGER) snprintf(out, sizeof out, "%lld", r->integer);
    else if (r->type == REDIS_REPLY_NIL) snprintf(out, sizeof out, "nil");
    else if (r->type == REDIS_REPLY_ARRAY) snprintf(out, sizeof out, "array of %zu", r->elements);
    else snprintf(out, sizeof out, "%s", r->str ? r->str : "");
    freeReplyObject(r);
    return out;
}

static void want(const char *name, redisReply *r, const char *expected) {
    const char *got = text(r);
    char why[1200];
    snprintf(why, sizeof why, "got %s, want %s", got, expected);
    told(name, strncmp(got, expected, strlen(expected)) == 0, why);
}

int main(int argc, char **argv) {
    if (argc < 6) return 2;
    redisContext *c = redisConnect(argv[1], atoi(argv[2]));
    if (!c || c->err) { printf("not ok connect: %s\n", c ? c->errstr : "memory"); return 1; }
    snprintf(prefix, sizeof prefix, "%s", argv[5]);
    struct timeval limit = {20, 0};
    redisSetTimeout(c, limit);
    want("connect", redisCommand(c, "PING"), "PONG");
    want("inline_argument", redisCommand(c, "SET %s:k %b", prefix, "a\0b", (size_t)3), "OK");
    want("strlen", redisCommand(c, "STRLEN %s:k", prefix), "3");

    int right = 1;
    for (int i = 0; i < 1000; i++) {
        redisAppendCommand(c, "SET %s:%d %d", prefix, i, i);
        redisAppendCommand(c, "GET %s:%d", prefix, i);
    }
    for (int i = 0; i < 1000; i++) {
        redisReply *r = NULL;
        if (redisGetReply(c, (void **)&r) != REDIS_OK) { right = 0; break; }
        freeReplyObject(r);
        if (redisGetReply(c, (void **)&r) != REDIS_OK) { right = 0; break; }
        right = right && r->str && atoi(r->str) == i;
        freeReplyObject(r);
    }
    told("pipeline", right, c->errstr);
    want("multi", redisCommand(c, "MULTI"), "OK");
    want("queued", redisCommand(c, "INCR %s:n", prefix), "QUEUED");
    want("exec", redisCommand(c, "EXEC"), "array of 1");
    want("wrong_type", redisCommand(c, "LPUSH %s:k x", prefix), "WRONGTYPE Operation against a key holding the wrong kind of value");
    want("unknown", redisCommand(c, "NOSUCH %s", prefix), "ERR unknown command 'NOSUCH'");
    want("blpop_timeout", redisCommand(c, "BLPOP %s:none 0.05", prefix), "nil");
    want("subscribe", redisCommand(c, "SUBSCRIBE %s:ch", prefix), "array of 3");
    want("unsubscribe", redisCommand(c, "UNSUBSCRIBE"), "array of 3");
    want("after", redisCommand(c, "DEL %s:k", prefix), "1");
    redisFree(c);
    printf("hiredis %d.%d.%d: %d passed, %d failed\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH, passed, failed);
    return failed ? 1 : 0;
}
