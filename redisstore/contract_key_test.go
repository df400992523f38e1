package redisstore

func firstKeyStays(r *rig) {
	ctx := r.Context()
	if noted := must[string](r)(r.store.Key(ctx)); noted != "" {
		r.Errorf("key %q of nothing", noted)
	}
	if noted := must[string](r)(r.store.NoteKey(ctx, "one")); noted != "one" {
		r.Errorf("noted %q, want one", noted)
	}
	other := r.open()
	if noted := must[string](r)(other.NoteKey(ctx, "another")); noted != "one" {
		r.Errorf("noted %q for another, want one", noted)
	}
	if noted := must[string](r)(other.Key(ctx)); noted != "one" {
		r.Errorf("key %q, want one", noted)
	}
	if err := r.store.rdb.Del(ctx, r.store.schema.key()).Err(); err != nil {
		r.Error(err)
	}
	if noted := must[string](r)(other.NoteKey(ctx, "another")); noted != "another" {
		r.Errorf("noted %q after the key was deleted, want another", noted)
	}
}
