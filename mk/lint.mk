lint:
	@tests/layering.sh
