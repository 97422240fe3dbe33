/* The map against the simplest thing that can be right: an array that is searched from its start.
 */
#include "test.h"

#include "base/map.h"

#define KEYS 500

struct model {
	char key[KEYS][16];
	uint32_t value[KEYS]; /* MAP_NONE: not in the map */
};

static struct span key_of(const struct model *m, unsigned i)
{
	return span_of(m->key[i]);
}

static void model_init(struct model *m)
{
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(m->key[i], sizeof(m->key[i]), "task-%u", i);
		m->value[i] = MAP_NONE;
	}
}

static void check_agreement(const struct map *map, const struct model *m)
{
	size_t count = 0;

	for (unsigned i = 0; i < KEYS; i++) {
		assert_int_equal(map_find(map, key_of(m, i)), m->value[i]);
		count += m->value[i] != MAP_NONE;
	}
	assert_int_equal(map->count, count);
	assert_true(map->used >= map->count);
	assert_true(map->used <= map->capacity);
}

static void random_work_agrees_with_an_array(void **state)
{
	CLEANUP(map_release) struct map map = MAP_INIT;
	static struct model m;
	uint64_t seed = 7;
	unsigned rounds = test_rounds(200000, 2000000);

	(void)state;
	model_init(&m);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned i = test_below(&seed, KEYS);

		if (test_below(&seed, 3) == 0) {
			assert_int_equal(map_remove(&map, key_of(&m, i)), m.value[i] != MAP_NONE);
			m.value[i] = MAP_NONE;
		} else {
			m.value[i] = round;
			map_put(&map, key_of(&m, i), round);
		}
		if (round % 5000 == 0)
			check_agreement(&map, &m);
	}
	check_agreement(&map, &m);
}

/* Removed slots are reused or swept: a small map with much traffic stays small. */
static void traffic_does_not_grow_a_small_map(void **state)
{
	CLEANUP(map_release) struct map map = MAP_INIT;
	static struct model m;

	(void)state;
	model_init(&m);
	for (unsigned round = 0; round < 200000; round++) {
		map_put(&map, key_of(&m, round % KEYS), round);
		assert_true(map_remove(&map, key_of(&m, round % KEYS)));
	}
	assert_int_equal(map.count, 0);
	assert_true(map.capacity <= 64);
}

static void an_empty_map_knows_nothing(void **state)
{
	CLEANUP(map_release) struct map map = MAP_INIT;

	(void)state;
	assert_int_equal(map_find(&map, SPAN_LIT("a")), MAP_NONE);
	assert_false(map_remove(&map, SPAN_LIT("a")));
	map_put(&map, SPAN_LIT("b"), 0);
	assert_int_equal(map_find(&map, SPAN_LIT("a")), MAP_NONE);
	assert_int_equal(map_find(&map, SPAN_NONE), MAP_NONE);
	assert_int_equal(map_find(&map, SPAN_LIT("b")), 0);
	map_release(&map);
	assert_int_equal(map_find(&map, SPAN_LIT("b")), MAP_NONE);
}

static void a_key_is_added_once(void **state)
{
	CLEANUP(map_release) struct map map = MAP_INIT;

	(void)state;
	assert_true(map_add(&map, SPAN_LIT("a"), 1));
	assert_false(map_add(&map, SPAN_LIT("a"), 2));
	assert_int_equal(map_find(&map, SPAN_LIT("a")), 1);
	assert_int_equal(map.count, 1);
	assert_true(map_remove(&map, SPAN_LIT("a")));
	assert_true(map_add(&map, SPAN_LIT("a"), 3)); /* into the grave */
	assert_int_equal(map_find(&map, SPAN_LIT("a")), 3);
	assert_int_equal(map.count, 1);
}

static void a_prefix_is_another_key(void **state)
{
	CLEANUP(map_release) struct map map = MAP_INIT;

	(void)state;
	map_put(&map, SPAN_LIT("unit"), 1);
	map_put(&map, SPAN_LIT("units"), 2);
	assert_int_equal(map_find(&map, SPAN_LIT("unit")), 1);
	assert_int_equal(map_find(&map, SPAN_LIT("units")), 2);
	assert_int_equal(map_find(&map, SPAN_LIT("uni")), MAP_NONE);
}

/* A later put lends its own bytes: the earlier owner may go. */
static void putting_again_borrows_the_new_bytes(void **state)
{
	CLEANUP(map_release) struct map map = MAP_INIT;
	char *first = mem_strdup("key");
	static const char second[] = "key";

	(void)state;
	map_put(&map, span_of(first), 1);
	map_put(&map, span_of(second), 2);
	mem_free(&first);
	assert_int_equal(map_find(&map, SPAN_LIT("key")), 2);
	assert_int_equal(map.count, 1);
}

static void keys_of_the_longest_length_and_beyond(void **state)
{
	CLEANUP(map_release) struct map map = MAP_INIT;
	char text[300];

	(void)state;
	memset(text, 'k', sizeof(text));
	map_put(&map, (struct span){ text, 255 }, 1);
	assert_int_equal(map_find(&map, (struct span){ text, 255 }), 1);
	assert_int_equal(map_find(&map, (struct span){ text, 254 }), MAP_NONE);
	assert_int_equal(map_find(&map, (struct span){ text, 256 }), MAP_NONE);
	assert_false(map_remove(&map, (struct span){ text, 300 }));
}

static void reserving_saves_later_moves(void **state)
{
	CLEANUP(map_release) struct map map = MAP_INIT;
	static struct model m;
	size_t capacity;

	(void)state;
	model_init(&m);
	map_reserve(&map, KEYS);
	capacity = map.capacity;
	for (unsigned i = 0; i < KEYS; i++)
		map_put(&map, key_of(&m, i), m.value[i] = i);
	assert_int_equal(map.capacity, capacity);
	check_agreement(&map, &m);
	map_reserve(&map, 10);
	assert_int_equal(map.capacity, capacity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_work_agrees_with_an_array),
		cmocka_unit_test(traffic_does_not_grow_a_small_map),
		cmocka_unit_test(an_empty_map_knows_nothing),
		cmocka_unit_test(a_key_is_added_once),
		cmocka_unit_test(a_prefix_is_another_key),
		cmocka_unit_test(putting_again_borrows_the_new_bytes),
		cmocka_unit_test(keys_of_the_longest_length_and_beyond),
		cmocka_unit_test(reserving_saves_later_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
