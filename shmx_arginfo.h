/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 6e955a71abed33159dea9774e480d3e1ace2e23a */

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_TYPE_MASK_EX(arginfo_shmx_open, 0, 4, Shmx, MAY_BE_FALSE)
	ZEND_ARG_TYPE_INFO(0, key, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, mode, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, permissions, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, size, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_read, 0, 3, IS_STRING, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_INFO(0, offset, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, size, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_write, 0, 3, IS_LONG, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_INFO(0, data, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, offset, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_size, 0, 1, IS_LONG, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_delete, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_close, 0, 1, IS_VOID, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_lock, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 0, "-1")
ZEND_END_ARG_INFO()

#define arginfo_shmx_unlock arginfo_shmx_delete

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_info, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_list, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_put_var, 0, 3, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_MASK(0, key, MAY_BE_STRING|MAY_BE_LONG, NULL)
	ZEND_ARG_TYPE_INFO(0, value, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl, IS_LONG, 0, "0")
ZEND_END_ARG_INFO()

#define arginfo_shmx_add_var arginfo_shmx_put_var

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_get_var, 0, 2, IS_MIXED, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_MASK(0, key, MAY_BE_STRING|MAY_BE_LONG, NULL)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, default, IS_MIXED, 0, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_allow_objects, 0, 1, IS_VOID, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, allow, _IS_BOOL, 0, "true")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_has_var, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_MASK(0, key, MAY_BE_STRING|MAY_BE_LONG, NULL)
ZEND_END_ARG_INFO()

#define arginfo_shmx_remove_var arginfo_shmx_has_var

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_inc_var, 0, 2, IS_LONG, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_MASK(0, key, MAY_BE_STRING|MAY_BE_LONG, NULL)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, step, IS_LONG, 0, "1")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl, IS_LONG, 0, "0")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_cas_var, 0, 4, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_MASK(0, key, MAY_BE_STRING|MAY_BE_LONG, NULL)
	ZEND_ARG_TYPE_INFO(0, expected, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO(0, new, IS_MIXED, 0)
ZEND_END_ARG_INFO()

#define arginfo_shmx_keys arginfo_shmx_info

#define arginfo_shmx_clear arginfo_shmx_close

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_send, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_INFO(0, message, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 0, "0")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_shmx_receive, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, shmx, Shmx, 0)
	ZEND_ARG_TYPE_INFO(1, message, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 0, "-1")
ZEND_END_ARG_INFO()

#define arginfo_shmx_pending arginfo_shmx_size


ZEND_FUNCTION(shmx_open);
ZEND_FUNCTION(shmx_read);
ZEND_FUNCTION(shmx_write);
ZEND_FUNCTION(shmx_size);
ZEND_FUNCTION(shmx_delete);
ZEND_FUNCTION(shmx_close);
ZEND_FUNCTION(shmx_lock);
ZEND_FUNCTION(shmx_unlock);
ZEND_FUNCTION(shmx_info);
ZEND_FUNCTION(shmx_list);
ZEND_FUNCTION(shmx_put_var);
ZEND_FUNCTION(shmx_add_var);
ZEND_FUNCTION(shmx_get_var);
ZEND_FUNCTION(shmx_allow_objects);
ZEND_FUNCTION(shmx_has_var);
ZEND_FUNCTION(shmx_remove_var);
ZEND_FUNCTION(shmx_inc_var);
ZEND_FUNCTION(shmx_cas_var);
ZEND_FUNCTION(shmx_keys);
ZEND_FUNCTION(shmx_clear);
ZEND_FUNCTION(shmx_send);
ZEND_FUNCTION(shmx_receive);
ZEND_FUNCTION(shmx_pending);


static const zend_function_entry ext_functions[] = {
	ZEND_FE(shmx_open, arginfo_shmx_open)
	ZEND_FE(shmx_read, arginfo_shmx_read)
	ZEND_FE(shmx_write, arginfo_shmx_write)
	ZEND_FE(shmx_size, arginfo_shmx_size)
	ZEND_FE(shmx_delete, arginfo_shmx_delete)
	ZEND_FE(shmx_close, arginfo_shmx_close)
	ZEND_FE(shmx_lock, arginfo_shmx_lock)
	ZEND_FE(shmx_unlock, arginfo_shmx_unlock)
	ZEND_FE(shmx_info, arginfo_shmx_info)
	ZEND_FE(shmx_list, arginfo_shmx_list)
	ZEND_FE(shmx_put_var, arginfo_shmx_put_var)
	ZEND_FE(shmx_add_var, arginfo_shmx_add_var)
	ZEND_FE(shmx_get_var, arginfo_shmx_get_var)
	ZEND_FE(shmx_allow_objects, arginfo_shmx_allow_objects)
	ZEND_FE(shmx_has_var, arginfo_shmx_has_var)
	ZEND_FE(shmx_remove_var, arginfo_shmx_remove_var)
	ZEND_FE(shmx_inc_var, arginfo_shmx_inc_var)
	ZEND_FE(shmx_cas_var, arginfo_shmx_cas_var)
	ZEND_FE(shmx_keys, arginfo_shmx_keys)
	ZEND_FE(shmx_clear, arginfo_shmx_clear)
	ZEND_FE(shmx_send, arginfo_shmx_send)
	ZEND_FE(shmx_receive, arginfo_shmx_receive)
	ZEND_FE(shmx_pending, arginfo_shmx_pending)
	ZEND_FE_END
};


static const zend_function_entry class_Shmx_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_ShmxException_methods[] = {
	ZEND_FE_END
};

static void register_shmx_symbols(int module_number)
{
	REGISTER_LONG_CONSTANT("SHMX_E_FULL", SHMX_E_FULL, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_E_TIMEOUT", SHMX_E_TIMEOUT, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_E_DAMAGED", SHMX_E_DAMAGED, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_E_KIND", SHMX_E_KIND, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_E_WRITERS", SHMX_E_WRITERS, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_E_DEADLOCK", SHMX_E_DEADLOCK, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_E_DELETED", SHMX_E_DELETED, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_E_TYPE", SHMX_E_TYPE, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_E_TOO_LARGE", SHMX_E_TOO_LARGE, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_E_UNTRUSTED", SHMX_E_UNTRUSTED, CONST_PERSISTENT);
	REGISTER_LONG_CONSTANT("SHMX_EVICTABLE", ZEND_LONG_MAX, CONST_PERSISTENT);
}

static zend_class_entry *register_class_Shmx(void)
{
	zend_class_entry ce, *class_entry;

	INIT_CLASS_ENTRY(ce, "Shmx", class_Shmx_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;

	return class_entry;
}

static zend_class_entry *register_class_ShmxException(zend_class_entry *class_entry_RuntimeException)
{
	zend_class_entry ce, *class_entry;

	INIT_CLASS_ENTRY(ce, "ShmxException", class_ShmxException_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_RuntimeException);
	class_entry->ce_flags |= ZEND_ACC_FINAL;

	return class_entry;
}
