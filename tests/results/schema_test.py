"""The JSON Schema of result files: it describes what is written, and refuses what is not."""

import copy
import json
import unittest

import jsonschema

from synthetic_result import ROOT, SyntheticResultTest

SCHEMA = ROOT / "results/schema/result-v1.schema.json"


def objects_of(schema):
    """Every part of the schema that describes an object."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects_of(part)


class SchemaTest(SyntheticResultTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.schema = json.loads(SCHEMA.read_text())
        cls.validator = jsonschema.Draft202012Validator(cls.schema)
        cls.result = json.loads((cls.directory / "a.json").read_text())

    def errors_after(self, edit):
        result = copy.deepcopy(self.result)
        edit(result)
        return ["/".join(map(str, error.absolute_path))
                for error in self.validator.iter_errors(result)]

    def test_is_a_valid_schema(self):
        jsonschema.Draft202012Validator.check_schema(self.schema)

    def test_written_files_follow_it(self):
        for name in ("a.json", "b.json", "open-loop.json"):
            result = json.loads((self.directory / name).read_text())
            errors = [f"{list(e.absolute_path)}: {e.message}"
                      for e in self.validator.iter_errors(result)]
            self.assertEqual(errors, [])

    def test_it_is_strict_everywhere(self):
        for part in objects_of(self.schema):
            self.assertIn("additionalProperties", part, part.get("description"))

    def test_every_member_is_described(self):
        for part in objects_of(self.schema):
            for name, member in part.get("properties", {}).items():
                if name in self.schema["$defs"] or "$ref" in member or "const" in member:
                    continue
                self.assertIn("description", member, name)

    def test_edited_files_do_not_follow_it(self):
        trial = lambda result: result["kvs_bench"]["trials"][0]
        for where, edit in {
            "kvs_bench/trials/0": lambda r: trial(r).pop("window_s"),
            "kvs_bench/trials/0/operations": lambda r: trial(r).update(operations="many"),
            "kvs_bench/trials/0/status": lambda r: trial(r).update(status="fine"),
            "kvs_bench/trials/0/load_s": lambda r: trial(r).update(load_s=None),
            "kvs_bench/trials/0/costs": lambda r: trial(r)["costs"].update(heat=1),
            "kvs_bench/trials/0/costs/cycles": lambda r: trial(r)["costs"].update(cycles=None),
            "kvs_bench/trials/0/cell": lambda r: trial(r)["cell"].update(colour="red"),
            "kvs_bench/machine": lambda r: r["kvs_bench"]["machine"].pop("findings"),
            "kvs_bench/machine/fingerprint":
                lambda r: r["kvs_bench"]["machine"].update(fingerprint="?"),
            "kvs_bench/machine/findings/0/status":
                lambda r: r["kvs_bench"]["machine"]["findings"][0].update(status="fine"),
            "kvs_bench/schema_version": lambda r: r["kvs_bench"].update(schema_version=2),
            "kvs_bench": lambda r: r["kvs_bench"].update(extra=1),
            "benchmarks/0/time_unit": lambda r: r["benchmarks"][0].update(time_unit="s"),
            "": lambda r: r.pop("context"),
        }.items():
            self.assertEqual(self.errors_after(edit), [where])

    def test_files_of_before_the_machine_was_examined_follow_it(self):
        self.assertEqual(self.errors_after(lambda r: r["kvs_bench"].pop("machine")), [])

    def test_open_loop_is_described(self):
        result = json.loads((self.directory / "open-loop.json").read_text())
        for part in (result["kvs_bench"]["trials"][0], result["kvs_bench"]["cells"][0]):
            for member in ("rate_per_s", "arrivals", "response_times"):
                self.assertIn(member, part)
        for member, wrong in (("rate_per_s", 0), ("arrivals", "bursts"), ("backlog_operations", -1),
                              ("response_times", {})):
            with self.subTest(member=member):
                edited = copy.deepcopy(result)
                edited["kvs_bench"]["trials"][0][member] = wrong
                self.assertEqual([error.absolute_path[-1]
                                  for error in self.validator.iter_errors(edited)], [member])

    def test_files_of_versions_without_costs_follow_it(self):
        def forget(result):
            for part in (*result["kvs_bench"]["trials"], *result["kvs_bench"]["cells"]):
                part.pop("costs", None)
        self.assertEqual(self.errors_after(forget), [])
        for name in ("get.json", "set.json"):
            result = json.loads((ROOT / "results/stores" / name).read_text())
            self.assertEqual([e.message for e in self.validator.iter_errors(result)], [])

    def test_files_of_versions_without_slices_and_the_page_cache_follow_it(self):
        def forget(result):
            for trial in result["kvs_bench"]["trials"]:
                for member in ("slices", "page_cache"):
                    trial.pop(member, None)
            for cell in result["kvs_bench"]["cells"]:
                for member in ("steady_state", "resident_share", "file_bytes"):
                    cell.pop(member, None)
        self.assertEqual(self.errors_after(forget), [])

    def test_what_is_known_of_a_cold_start_follows_it(self):
        def tell(result):
            result["kvs_bench"]["trials"][0]["cold"] = "evict"
            result["kvs_bench"]["cells"][0]["cold"] = "drop"
        self.assertEqual(self.errors_after(tell), [])

    def test_files_of_versions_that_did_not_name_the_clock_follow_it(self):
        def forget(result):
            for trial in result["kvs_bench"]["trials"]:
                trial.pop("clock", None)
        self.assertEqual(self.errors_after(forget), [])

    def test_a_clock_that_is_the_systems_own_deviates_from_none(self):
        def fall_back(result):
            clock = result["kvs_bench"]["trials"][0]["clock"]
            clock["source"] = "clock_gettime: why not"
            del clock["deviation_ppm"]
        self.assertEqual(self.errors_after(fall_back), [])

    def test_what_is_known_of_audited_writes_follows_it(self):
        def tell(result):
            result["kvs_bench"]["notes"] = ["a note"]
            result["kvs_bench"]["trials"][0]["audited_writes"] = 0
            result["kvs_bench"]["cells"][0]["flushes_per_write"] = 1.5
        self.assertEqual(self.errors_after(tell), [])

    def test_no_number_is_nan_or_infinite(self):
        def refuse(token):
            self.fail(token)
        for name in ("a.json", "b.json"):
            json.loads((self.directory / name).read_text(), parse_constant=refuse)


if __name__ == "__main__":
    unittest.main()
