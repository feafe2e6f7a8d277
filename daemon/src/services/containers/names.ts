import { conflict, invalid } from '@tinydocker/shared/errors.js';
import type { ContainerStore } from '../../store/containers.js';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/**
 * A container's name as a request gives it, without its slash.
 * @throws EngineError invalid; conflict where another container has it
 */
export function checkName(containers: ContainerStore, given: string): string {
  const name = given.startsWith('/') ? given.slice(1) : given;
  if (!NAME.test(name)) {
    throw invalid(`Invalid container name (${given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  const holder = containers.byName(name);
  if (holder) {
    throw conflict(
      `Conflict. The container name "/${name}" is already in use by container "${holder.id}". ` +
        'You have to remove (or rename) that container to be able to reuse that name.',
    );
  }
  return name;
}

const MOODS = (
  'amber ample azure balmy blithe brisk bronze calm cheery civil clear copper coral crisp dapper deft dusky eager early ' +
  'earnest even fabled fair fleet frank fresh frosty gallant gentle gilded glad golden grand hardy hazy honest humble ' +
  'indigo ivory jolly keen kind lively loyal lucid lunar mellow merry mild misty modest mossy neat nimble noble opal ' +
  'patient placid plucky proud quick quiet ready rosy ruddy russet sable sage serene sharp silent silver simple sleek ' +
  'smooth snowy solar spry stable steady still stoic sturdy subtle sunny swift tawny tidy tranquil trusty upbeat ' +
  'valiant velvet vivid warm wise witty woolly zesty'
).split(' ');

const VESSELS = (
  'albatross alder anchor badger barge basalt beacon birch bobbin bramble brig buoy canoe capstan catkin cedar cobble ' +
  'compass coracle cormorant cove crane cutter cygnet delta dinghy dory dunlin egret elm estuary falcon fern ferry fjord ' +
  'frigate galley gannet garnet glacier gull harbor hazel heron hull inlet islet jetty kayak keel kelp ketch kestrel ' +
  'lagoon lantern larch lark lichen linnet lugger mallard maple marlin mast meadow moraine oar orchid osprey otter ' +
  'pebble pelican pier pine plover pontoon poplar puffin quay quill raft reed reef rigging robin rowan rudder schooner ' +
  'sextant skiff skylark sloop sorrel sparrow spinnaker spruce starling stern swallow tern thicket thistle tide tiller ' +
  'trawler tundra wagtail walnut wharf willow wren yawl'
).split(' ');

const oneOf = (words: readonly string[]): string => words[Math.floor(Math.random() * words.length)]!;

/** A free name that people can say. */
export function generateName(containers: ContainerStore): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${oneOf(MOODS)}_${oneOf(VESSELS)}`;
    // With many containers the pairs run short: from then on a number makes them longer and longer.
    const full = attempt < 5 ? name : `${name}${Math.floor(Math.random() * 10 ** Math.min(9, attempt - 3))}`;
    if (!containers.byName(full)) return full;
  }
}
