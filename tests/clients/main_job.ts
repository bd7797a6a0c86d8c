// The main job, done by the TypeScript client that was generated from the OpenAPI document.
// tests/clients/README.md says how; `tsc --strict` checks how the client is used.

import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];
type Person = Client<paths>;

const baseUrl = process.argv[2] ?? "http://127.0.0.1:8000";
const password = "continuum-demo-clinic";
const people = new Map<string, Person>();

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

function well<Data>(answer: { data?: Data; error?: unknown; response: Response }): Data {
  const { data, error, response } = answer;
  must(data !== undefined, `${response.url}: ${response.status} ${JSON.stringify(error)}`);
  return data;
}

async function person(name: string): Promise<Person> {
  const known = people.get(name);
  if (known) return known;
  const body = { email: `${name}@continuum.example`, password, name: "generated client" };
  const { token } = well(await createClient<paths>({ baseUrl }).POST("/api/v1/tokens", { body }));
  const made = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
  people.set(name, made);
  return made;
}

async function practitioners(): Promise<Schemas["Practitioner"][]> {
  const sol = await person("sol");
  return well(await sol.GET("/api/v1/practitioners")).results;
}

async function practising(role: string): Promise<Person> {
  const found = (await practitioners()).find((one) => one.roles.some((held) => held.id === role));
  must(found !== undefined, `nobody practises as ${role}`);
  return person(found.name.split(" ")[0]!.toLowerCase());
}

async function register(): Promise<string> {
  const sol = await person("sol");
  const priya = (await practitioners()).find((one) => one.name === "Priya Placeholder");
  const body: Schemas["PatientRegistrationRequest"] = {
    family_name: `Typed ${Date.now()}`,
    given_name: "Tess",
    lead: priya!.roles[0]!.id,
  };
  const header = { "Idempotency-Key": crypto.randomUUID() };
  const patient = well(await sol.POST("/api/v1/patients", { body, params: { header } }));
  const edited = await sol.PATCH("/api/v1/patients/{id}", {
    params: { path: { id: patient.id }, header: { "If-Match": '"1"' } },
    body: { phone: "555-0198" },
  });
  must(well(edited).phone === "555-0198", "the phone number was not changed");
  must(edited.response.headers.get("ETag") === '"2"', "the edit carries no new version");
  return patient.id;
}

async function begin(patient: string, ago: (days: number) => string): Promise<string> {
  const priya = await person("priya");
  const plan = well(await priya.POST("/api/v1/care-plans", { body: { patient } }));
  const slug = "hamstring-tendinopathy";
  const pathway = well(await priya.GET("/api/v1/pathways/{slug}", { params: { path: { slug } } }));
  const { id: version, version: number } = pathway.versions[0]!;
  const applied = await priya.POST("/api/v1/care-plans/{id}/courses", {
    params: { path: { id: plan.id } },
    body: {
      pathway_version: version,
      severity: "moderate",
      side: "right",
      condition: "",
      answers: {
        pain_at_sitting_bone: true,
        sitting_aggravates: true,
        stress_affects_sleep: false,
        sleep_affected: false,
      },
      effective_at: ago(22),
    },
  });
  const course = well(applied).id;
  const path = { slug, version: number };
  const whole = await priya.GET("/api/v1/pathways/{slug}/versions/{version}", { params: { path } });
  const content = well(whole).content as Record<string, { id: string }[]>;
  const flags = [...content["red_flags"]!, ...content["redirects"]!];
  const answers = Object.fromEntries(flags.map((flag) => [flag.id, "absent" as const]));
  const screen = { course, answers, effective_at: ago(21) };
  well(await priya.POST("/api/v1/red-flag-screens", { body: screen }));
  const started = await priya.POST("/api/v1/courses/{id}/start", {
    params: { path: { id: course } },
    body: { effective_at: ago(21) },
  });
  must(well(started).stage === "acute", "the course did not enter the acute stage");
  return course;
}

async function owner(id: string): Promise<Person> {
  const sol = await person("sol");
  const { work } = well(await sol.GET("/api/v1/referrals/{id}", { params: { path: { id } } }));
  must(!!work?.owner, "nobody owes the work");
  return practising(work.owner.id);
}

async function refer(patient: string, course: string): Promise<string> {
  const [priya, sol] = [await person("priya"), await person("sol")];
  const opened = well(await priya.GET("/api/v1/referrals", { params: { query: { patient } } }));
  for (const { id } of opened.results) {
    const params = { path: { id } };
    well(await sol.POST("/api/v1/referrals/{id}/assign", { params, body: {} }));
    well(await (await owner(id)).POST("/api/v1/referrals/{id}/accept", { params }));
  }
  const massage = opened.results.find((row) => row.discipline === "massage_therapy");
  await staffed(course);
  return massage!.id;
}

async function staffed(course: string): Promise<void> {
  const priya = await person("priya");
  const params = { path: { id: course } };
  for (let tries = 0; ; tries += 1) {
    const lanes = well(await priya.GET("/api/v1/courses/{id}/lanes", { params }));
    if (lanes.every((lane) => lane.needed !== "needed" || lane.practitioner)) return;
    must(tries < 120, "the lanes were not staffed");
    await new Promise((done) => setTimeout(done, 1000));
  }
}

async function close(id: string): Promise<void> {
  const [priya, therapist] = [await person("priya"), await owner(id)];
  const params = { path: { id } };
  well(await therapist.POST("/api/v1/referrals/{id}/start", { params, body: {} }));
  const body = { text: "Less tight.", outcome: "goals_met" as const };
  well(await therapist.POST("/api/v1/referrals/{id}/complete", { params, body }));
  const closed = well(await priya.POST("/api/v1/referrals/{id}/acknowledge", { params }));
  must(closed.status === "completed", "the acknowledgement did not close the referral");
}

async function record(patient: string, course: string, ago: (days: number) => string) {
  const priya = await person("priya");
  const sittings: [number, Record<string, string>][] = [
    [9, { pain_load_24h: "3" }],
    [6, { pain_load_24h: "2" }],
    [3, { pain_load_24h: "2" }],
    [2, { nprs: "2", adherence_pct: "85" }],
  ];
  for (const [days, values] of sittings) {
    const scores = Object.entries(values).map(([measure, value]) => ({
      measure,
      value,
      side: "" as const,
    }));
    const body = { patient, course, scores, effective_at: ago(days) };
    well(await priya.POST("/api/v1/assessments", { body }));
  }
}

async function advance(course: string): Promise<void> {
  const priya = await person("priya");
  const params = { path: { id: course } };
  const early = await priya.POST("/api/v1/courses/{id}/advance", { params, body: {} });
  must(!!early.error?.type.endsWith("course-not-ready"), "the gate did not hold");
  const ready = well(await priya.GET("/api/v1/courses/{id}/readiness", { params }));
  for (const lane of ready.lanes.filter((one) => one.needed === "needed")) {
    const signer = await practising(lane.practitioner!.id);
    const at = { params: { path: { id: lane.id } }, body: { verdict: "ready" as const } };
    well(await signer.POST("/api/v1/lanes/{id}/sign-off", at));
  }
  const moved = well(await priya.POST("/api/v1/courses/{id}/advance", { params, body: {} }));
  must(moved.stage === "subacute", `the stage is ${moved.stage}`);
}

async function follow(patient: string): Promise<string[]> {
  const priya = await person("priya");
  const types: string[] = [];
  for (let after = ""; ; ) {
    const page = well(
      await priya.GET("/api/v1/events", { params: { query: { after, limit: 1000 } } }),
    );
    if (page.results.length === 0) return types;
    types.push(...page.results.filter((one) => one.patient === patient).map((one) => one.type));
    after = new URL(page.next).searchParams.get("after") ?? "";
  }
}

const began = Date.now();
const ago = (days: number) => new Date(began - days * 86_400_000).toISOString();
const patient = await register();
const course = await begin(patient, ago);
const massage = await refer(patient, course);
await record(patient, course, ago);
await advance(course);
await close(massage);
const types = await follow(patient);
must(types.includes("course.advance"), `the feed has ${types.join(", ")}`);
console.log(`The generated client did the main job (${types.length} events).`);
