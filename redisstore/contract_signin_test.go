package redisstore

func signInsAreSwapped(r *rig) {
	ctx := r.Context()
	const id = "AAAAAAAA-0000-4000-8000-000000000001"
	if version := must[string](r)(r.store.SignInsVersion(ctx)); version != "" {
		r.Errorf("version %q of nothing", version)
	}
	swap := func(was, now string, told, want bool) {
		r.Helper()
		if ok := must[bool](r)(r.store.SwapSignIn(ctx, id, was, now, told)); ok != want {
			r.Errorf("%q for %q: %v", now, was, ok)
		}
	}
	swap("", "a", true, true)
	swap("", "b", true, false)
	swap("b", "c", true, false)
	first := must[string](r)(r.store.SignInsVersion(ctx))
	swap("a", "b", false, true)
	if version := must[string](r)(r.store.SignInsVersion(ctx)); version == "" || version != first {
		r.Errorf("version %q, then %q, though nobody was to be told", first, version)
	}
	swap("b", "c", true, true)
	if version := must[string](r)(r.open().SignInsVersion(ctx)); version == first {
		r.Error("nobody is told")
	}
	all := must[map[string]string](r)(r.store.SignIns(ctx))
	if one := must[string](r)(r.store.SignIn(ctx, id)); one != "c" || len(all) != 1 || all["aaaaaaaa-0000-4000-8000-000000000001"] != "c" {
		r.Errorf("%q, all %v", one, all)
	}
}
