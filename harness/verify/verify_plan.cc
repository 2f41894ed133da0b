#include "harness/verify/verify_plan.h"

#include <nlohmann/json.hpp>

namespace kvs::verify {

std::string VerifyPlanToJson(const VerifyPlan& plan) {
  const nlohmann::json object = {{"role", plan.role},
                                 {"engine", plan.engine},
                                 {"settings", plan.settings},
                                 {"durability", plan.durability},
                                 {"directory", plan.directory.string()},
                                 {"threads", plan.threads},
                                 {"keys", plan.keys},
                                 {"seed", plan.seed},
                                 {"operations", plan.operations},
                                 {"rounds", plan.rounds},
                                 {"first", plan.first},
                                 {"settle_every", plan.settle_every},
                                 {"closes", plan.closes},
                                 {"parent", plan.parent}};
  return object.dump();
}

VerifyPlan VerifyPlanFromJson(std::string_view text) {
  const nlohmann::json object = nlohmann::json::parse(text);
  VerifyPlan plan;
  object.at("role").get_to(plan.role);
  object.at("engine").get_to(plan.engine);
  object.at("settings").get_to(plan.settings);
  object.at("durability").get_to(plan.durability);
  plan.directory = object.at("directory").get<std::string>();
  object.at("threads").get_to(plan.threads);
  object.at("keys").get_to(plan.keys);
  object.at("seed").get_to(plan.seed);
  object.at("operations").get_to(plan.operations);
  object.at("rounds").get_to(plan.rounds);
  object.at("first").get_to(plan.first);
  object.at("settle_every").get_to(plan.settle_every);
  object.at("closes").get_to(plan.closes);
  object.at("parent").get_to(plan.parent);
  return plan;
}

}  // namespace kvs::verify
