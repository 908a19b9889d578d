BEGIN TRANSACTION;
CREATE TABLE about (
	"key" VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "about" VALUES('schema','4');
INSERT INTO "about" VALUES('expected','10');
CREATE TABLE artifacts (
	id INTEGER NOT NULL, 
	trial VARCHAR NOT NULL, 
	token INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(trial) REFERENCES trials ("key")
);
CREATE TABLE attempts (
	trial VARCHAR NOT NULL, 
	token INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	started VARCHAR NOT NULL, 
	ended VARCHAR, 
	seconds FLOAT, 
	load FLOAT, 
	memory_mib FLOAT, 
	state VARCHAR NOT NULL, 
	reason VARCHAR, 
	message TEXT, 
	place VARCHAR, 
	outcome TEXT, 
	PRIMARY KEY (trial, token), 
	FOREIGN KEY(trial) REFERENCES trials ("key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE campaigns (
	id INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "campaigns" VALUES(1,'2026-11-03T21:01:00.000+00:00','{"claims":[],"decisions":[],"description":"","name":"area","rule":"all","seed":42}');
CREATE TABLE criteria (
	id INTEGER NOT NULL, 
	study INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(study) REFERENCES studies (id)
);
INSERT INTO "criteria" VALUES(1,1,'2026-11-03T21:02:00.000+00:00','b818ddd75cbd','[{"above":null,"at_least":null,"at_most":null,"below":4.0,"label":"","level":"hard","of":[],"quantity":"chi2"}]');
CREATE TABLE events (
	id INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE findings (
	id INTEGER NOT NULL, 
	study INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	criteria VARCHAR NOT NULL, 
	verdict VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(study) REFERENCES studies (id)
);
CREATE TABLE members (
	study INTEGER NOT NULL, 
	round INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	trial VARCHAR NOT NULL, 
	why VARCHAR NOT NULL, 
	which TEXT, 
	point TEXT NOT NULL, 
	grid BOOLEAN NOT NULL, 
	PRIMARY KEY (study, round, position), 
	FOREIGN KEY(study) REFERENCES studies (id)
);
CREATE TABLE preflights (
	id INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	"plan" VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "preflights" VALUES(1,'2026-11-03T21:03:00.000+00:00','4416ec0a9745','{"hopeless":true,"sentence":"Out of reach as far as searched: no counted study can meet its hard criteria.","studies":[{"study":"fit","findings":[{"code":"out_of_reach","severity":"stop","parameter":null,"studies":[],"sentence":"chi2 < 4 needs area >= 9.8; the box reaches 0 to 2.5 m2 as far as searched. Moving a''s upper bound from 0.5 to 1.999 alone would do.","lead":0,"numbers":[[7,8],[23,26],[44,55],[99,116]],"artifact":null,"explained":null}],"reachability":[{"number":0,"criterion":"chi2","level":"hard","smallest_chi2":5629.0,"bar":4.0,"met":false,"starts":80,"spread":0.0,"conclusive":true,"reaches":[{"quantity":"area","ratio":null,"unit":"m2","lowest":0.0,"highest":2.4999999999999907,"target":10.0,"needed_lower":9.8,"needed_upper":10.2,"reachable":false},{"quantity":"width","ratio":null,"unit":"","lowest":0.0,"highest":4.999999999999934,"target":3.0,"needed_lower":1.0,"needed_upper":5.0,"reachable":true}],"escapes":[{"parameter":"a","side":"upper","bound":0.5,"needed":1.9990001266733808},{"parameter":"b","side":"upper","bound":5.0,"needed":null}],"best":{"a":0.5,"b":5.0},"sentence":"chi2 < 4 needs area >= 9.8; the box reaches 0 to 2.5 m2 as far as searched. Moving a''s upper bound from 0.5 to 1.999 alone would do."}],"symmetries":[],"identifiability":{"a":"identifiable","b":"identifiable"},"rank":2,"degrees_of_freedom":0,"forecast":{"seconds_per_evaluation":0.06,"seconds_per_fit":6.0,"fits":10,"seconds":60.0,"seconds_low":20.0,"seconds_high":180.0,"memory_mib":500.0},"checked":["whether the model gives numbers at all","how long it takes","whether a symmetry moves a parameter","which parameters can be identified","whether the criteria can be met","whether the settings that studies vary do anything","whether predictions are finite all over the box","whether the same parameters give the same answer twice","whether every parameter moves a residual","whether the knobs are resolved","whether predictions carry noise","whether derivatives agree with differences","whether chi2 has jumps or kinks"],"not_checked":[],"evaluations":4306}],"seconds":4.0}');
CREATE TABLE problems (
	fingerprint VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (fingerprint)
);
INSERT INTO "problems" VALUES('b36c592616f8','{"covariance":null,"kind":"fit","knobs":[],"name":"","observations":[{"group":"","model":0.0,"name":"area","noise":{"kind":"Gaussian","scale":"known"},"sigma":0.1,"unit":"m2","value":10.0},{"group":"","model":0.0,"name":"width","noise":{"kind":"Gaussian","scale":"known"},"sigma":1.0,"unit":"","value":3.0}],"offsets":[],"parameters":[{"fixed":null,"guess":null,"lower":0.0,"name":"a","physical":[null,null],"prior":null,"scale":"linear","unit":"","upper":0.5},{"fixed":null,"guess":null,"lower":0.0,"name":"b","physical":[null,null],"prior":null,"scale":"linear","unit":"","upper":5.0}],"scale_factors":[],"units":{}}');
CREATE TABLE reports (
	trial VARCHAR NOT NULL, 
	token INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	step INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	value FLOAT, 
	PRIMARY KEY (trial, token, name, step), 
	FOREIGN KEY(trial) REFERENCES trials ("key")
);
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	started VARCHAR NOT NULL, 
	ended VARCHAR, 
	ending VARCHAR, 
	why TEXT, 
	owner VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	born FLOAT NOT NULL, 
	beat INTEGER NOT NULL, 
	seen VARCHAR NOT NULL, 
	stop TEXT, 
	"plan" VARCHAR, 
	provenance TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES(1,'2026-11-03T21:00:00.000+00:00','2026-11-03T21:04:00.000+00:00','hopeless','','process 1 on workstation','workstation',1,0.0,0,'2026-11-03T21:00:00.000+00:00',NULL,'5bcaf5919694','{"changes":"","commit":"","daybreak":"0.1.0","origin":"","platform":"Linux","plugins":{},"processor":"a processor","python":"3.11.7","sources":{},"versions":{"equinox":"0.13.8","jax":"0.10.2","jaxlib":"0.10.2","numpy":"2.4.6","optuna":"5.0.0","pydantic":"2.14.3","scipy":"1.17.1","sqlalchemy":"2.1.9"}}');
CREATE TABLE sources (
	sha256 VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (sha256)
);
CREATE TABLE studies (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	planned BOOLEAN NOT NULL, 
	follows VARCHAR, 
	fingerprint VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	facts TEXT, 
	batch INTEGER, 
	places TEXT, 
	carried TEXT, 
	note TEXT, 
	state VARCHAR NOT NULL, 
	error TEXT, 
	ended VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	FOREIGN KEY(fingerprint) REFERENCES problems (fingerprint)
);
INSERT INTO "studies" VALUES(1,'fit',0,1,NULL,'b36c592616f8','{"settings": {}, "method": {"method": "multistart", "starts": 4, "fit": {"solver": "least_squares", "max_iterations": 300, "gradient": 1e-11}}, "counted": true, "seed": null}','{"by":"daybreak.methods.multistart.MultiStart","ends_only":false,"engine":"","in_words":"4 starts","interest":[],"jointly":false,"relaxed":true,"repeats":true,"sampler":"","trials":null}',NULL,'[{"a":0.5,"b":5.0}]',NULL,NULL,'waiting',NULL,NULL);
CREATE TABLE trials (
	"key" VARCHAR NOT NULL, 
	configuration TEXT NOT NULL, 
	kind VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	problem VARCHAR NOT NULL, 
	settings VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	token INTEGER NOT NULL, 
	run INTEGER, 
	outcome TEXT, 
	PRIMARY KEY ("key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE INDEX trials_by_problem ON trials (problem, settings, role, kind);
CREATE INDEX trials_by_state ON trials (state);
CREATE INDEX attempts_by_run ON attempts (run, state);
CREATE INDEX artifacts_by_trial ON artifacts (trial);
COMMIT;
