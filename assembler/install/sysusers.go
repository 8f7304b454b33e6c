package install

func (t *transaction) sysusers(e *element) error { return nil }
